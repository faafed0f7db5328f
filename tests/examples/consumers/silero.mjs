// SPDX-License-Identifier: LGPL-2.1-or-later
// Silero VAD v5: the probability of speech in each frame of 512 floats at 16 kHz.
//
// usage: node silero.mjs FOLDER [CONTEXT]
//
// FOLDER is where npm installed onnxruntime-web and @ricky0123/vad-web. The model
// also wants the last 64 samples of the frame before; CONTEXT is another number.

import { readFile } from "node:fs/promises";
import { answer, load, packaged } from "./frames.mjs";

const RATE = 16000n;
const CONTEXT = Number(process.argv[3] ?? 64);
const MODEL = "@ricky0123/vad-web/dist/silero_vad_v5.onnx";

const { InferenceSession, Tensor, env } =
  await load("onnxruntime-web/dist/ort.wasm.min.mjs");
env.wasm.numThreads = 1;
env.logLevel = "fatal";
const session = await InferenceSession.create(
  await readFile(packaged(MODEL)), { logSeverityLevel: 4 });
let state = new Tensor("float32", new Float32Array(2 * 128), [2, 1, 128]);
let context = new Float32Array(CONTEXT);

await answer(Float32Array, async (frame) => {
  const input = new Float32Array(CONTEXT + frame.length);
  input.set(context);
  input.set(frame, CONTEXT);
  const { output, stateN } = await session.run({
    input: new Tensor("float32", input, [1, input.length]),
    state,
    sr: new Tensor("int64", [RATE]),
  });
  state = stateN;
  context = frame.slice(frame.length - CONTEXT);
  return output.data[0].toFixed(3);
});
