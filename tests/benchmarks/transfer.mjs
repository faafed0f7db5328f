// SPDX-License-Identifier: LGPL-2.1-or-later
// Hands batches from one thread of Node.js to another, as a web page does: an
// audio thread collects 8 quanta of 128 samples in a new ArrayBuffer and
// transfers it; the other thread reads one sample of each quantum.
//
// Usage: node transfer.mjs BATCHES [INTERVAL]
//
// INTERVAL: time from one batch to the next, in us; 0: as fast as possible.

import { isMainThread, parentPort, Worker, workerData }
  from "node:worker_threads";
import { fileURLToPath } from "node:url";

const QUANTUM = 128;
const QUANTA = 8;
// The consumer acknowledges every so many batches. At most twice as many are on
// their way.
const ACKNOWLEDGED = 64;

function produce(batches, interval) {
  const bell = new Int32Array(new SharedArrayBuffer(4));
  const quantum = new Float32Array(QUANTUM).fill(1);
  let sent = 0;
  let due = performance.now();

  // Waits until the next batch is due.
  function waitForTurn() {
    const left = due - performance.now();
    due += interval / 1000;
    if (left > 0)
      Atomics.wait(bell, 0, 0, left);
  }

  function send(count) {
    for (const end = Math.min(sent + count, batches); sent < end; sent++) {
      if (interval > 0)
        waitForTurn();
      const batch = new Float32Array(QUANTUM * QUANTA);
      for (let i = 0; i < QUANTA; i++)
        batch.set(quantum, i * QUANTUM);
      parentPort.postMessage(batch.buffer, [batch.buffer]);
    }
    if (sent === batches)
      parentPort.close();
  }

  parentPort.on("message", () => send(ACKNOWLEDGED));
  send(2 * ACKNOWLEDGED);
}

function consume(batches, interval) {
  const worker = new Worker(fileURLToPath(import.meta.url),
    { workerData: [batches, interval] });
  let received = 0;
  let sum = 0;

  worker.on("error", (error) => { throw error; });
  worker.on("message", (buffer) => {
    const samples = new Float32Array(buffer);
    for (let i = 0; i < samples.length; i += QUANTUM)
      sum += samples[i];
    if (++received % ACKNOWLEDGED === 0 && received < batches)
      worker.postMessage(null);
  });
  worker.on("exit", () => {
    if (received !== batches || sum !== batches * QUANTA) {
      console.error(`${received} batches came, and samples of ${sum} in all`);
      process.exitCode = 1;
    }
  });
}

if (isMainThread)
  consume(Number(process.argv[2]), Number(process.argv[3] ?? 0));
else
  produce(...workerData);
