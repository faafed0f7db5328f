// SPDX-License-Identifier: LGPL-2.1-or-later
// The page that browser.py opens: gets batches from worklet.mjs, and reads one
// sample of each quantum. A job says how many batches, and
//
// pace: "offline", as fast as possible; "64 at a time", the same, but the audio
//   thread stops until the page has them; "live", at the pace of a sound card
// buffers: "kept", not posted; "fresh", a new one for each batch; "returned",
//   the page posts them back

const QUANTUM = 128;
const BATCH = 1024;
const RATE = 48000;
const STEP = 64;

// Tells the program what came of a job, and gets the next one.
async function nextJob(result) {
  const answer = await fetch("/job",
    { method: "POST", body: JSON.stringify(result) });
  return answer.json();
}

function makeContext({ pace, batches }) {
  if (pace === "live")
    return new AudioContext({ sampleRate: RATE });
  return new OfflineAudioContext(1, batches * BATCH, RATE);
}

// Reads the batches. The worklet's last message has no batch in it.
class Consumer {
  received = 0;
  sum = 0;
  #waiting = new Map();

  constructor(port, returns) {
    this.end = new Promise((resolve) => {
      port.onmessage = ({ data }) => {
        if (!(data instanceof ArrayBuffer))
          return resolve(data);
        this.#read(new Float32Array(data));
        if (returns)
          port.postMessage(data, [data]);
      };
    });
  }

  #read(samples) {
    for (let i = 0; i < samples.length; i += QUANTUM)
      this.sum += samples[i];
    this.#waiting.get(++this.received)?.();
  }

  async until(count) {
    if (this.received < count)
      await new Promise((resolve) => this.#waiting.set(count, resolve));
  }
}

function stopAtSteps(context, consumer, batches) {
  for (let count = STEP; count < batches; count += STEP)
    context.suspend(count * BATCH / RATE)
      .then(() => consumer.until(count))
      .then(() => context.resume());
}

async function run(job) {
  const context = makeContext(job);
  await context.audioWorklet.addModule("worklet.mjs");
  const node = new AudioWorkletNode(context, "batches",
    { numberOfInputs: 0, outputChannelCount: [1], processorOptions: job });
  const consumer = new Consumer(node.port, job.buffers === "returned");
  if (job.pace === "64 at a time")
    stopAtSteps(context, consumer, job.batches);

  const begin = performance.now();
  node.connect(context.destination);
  if (job.pace !== "live")
    await context.startRendering();
  const { reused } = await consumer.end;
  const wall = (performance.now() - begin) / 1000;
  if (job.pace === "live")
    await context.close();
  const { received, sum } = consumer;
  return { wall, reused, received, sum };
}

let result = {};
for (;;) {
  const job = await nextJob(result);
  result = await run(job).catch((error) => ({ error: String(error) }));
}
