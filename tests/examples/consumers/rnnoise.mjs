// SPDX-License-Identifier: LGPL-2.1-or-later
// RNNoise: the level of each frame of 480 samples at 48 kHz before and after, and
// the probability of speech in it.
//
// usage: node rnnoise.mjs FOLDER
//
// FOLDER is where npm installed @shiguredo/rnnoise-wasm.

import { answer, load } from "./frames.mjs";

// the package is made for browsers, and looks for one
globalThis.window = globalThis;

const { Rnnoise } = await load("@shiguredo/rnnoise-wasm/dist/rnnoise.js");
const state = (await Rnnoise.load()).createDenoiseState();

function rms(samples) {
  return Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) /
    samples.length);
}

await answer(Int16Array, (frame) => {
  // floats in the range of 16 bits, which it overwrites with its result
  const samples = Float32Array.from(frame);
  const before = rms(samples);
  const speech = state.processFrame(samples);
  return [before, rms(samples), speech].map((x) => x.toFixed(3)).join(" ");
});
