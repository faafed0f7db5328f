// SPDX-License-Identifier: LGPL-2.1-or-later
// WebRTC VAD: 1 for each frame with speech, 0 for each without. Frames are 10, 20
// or 30 ms of 16-bit samples.
//
// usage: node webrtc.mjs FOLDER [RATE]
//
// FOLDER is where npm installed @echogarden/fvad-wasm.

import { answer, load } from "./frames.mjs";

const RATE = Number(process.argv[3] ?? 16000);
const BYTES_PER_SAMPLE = 2;
const LONGEST_FRAME = 48000;
const VERY_AGGRESSIVE = 3;

const { default: create } = await load("@echogarden/fvad-wasm/fvad.js");
const vad = await create();
const detector = vad._fvad_new();
const samples = vad._malloc(LONGEST_FRAME * BYTES_PER_SAMPLE);
vad._fvad_set_mode(detector, VERY_AGGRESSIVE);
vad._fvad_set_sample_rate(detector, RATE);

await answer(Int16Array, (frame) => {
  vad.HEAP16.set(frame, samples / BYTES_PER_SAMPLE);
  const speech = vad._fvad_process(detector, samples, frame.length);
  if (speech < 0)
    throw new Error(`fvad_process() returned ${speech} for ${frame.length} ` +
      "samples");
  return speech;
});
