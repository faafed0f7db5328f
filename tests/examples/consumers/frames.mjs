// SPDX-License-Identifier: LGPL-2.1-or-later
// Shared by the consumers: frames from stdin, one line of stdout for each, and
// packages of npm.

import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const LENGTH_BYTES = 4;

// The path of a file in the folder of packages, which is the program's argument.
export function packaged(file) {
  return join(resolve(process.argv[2] ?? "."), "node_modules", file);
}

export function load(file) {
  return import(pathToFileURL(packaged(file)));
}

// Each frame is its length in bytes (32 bits, little endian), then its samples.
async function* frames(Samples) {
  let held = Buffer.alloc(0);
  for await (const part of process.stdin) {
    held = Buffer.concat([held, part]);
    while (held.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + held.readUInt32LE();
      if (held.length < end)
        break;
      // a copy, because a typed array must be aligned
      yield new Samples(new Uint8Array(held.subarray(LENGTH_BYTES, end)).buffer);
      held = held.subarray(end);
    }
  }
}

// Prints what consume() returns for each frame, or why it refused the frame.
export async function answer(Samples, consume) {
  console.log("ready");
  for await (const frame of frames(Samples)) {
    try {
      console.log(String(await consume(frame)));
    } catch (error) {
      console.log(`refused: ${error.message ?? error}`.replace(/\s+/g, " "));
    }
  }
}
