// SPDX-License-Identifier: LGPL-2.1-or-later
// The audio thread of page.mjs: collects 8 quanta of 128 samples in an
// ArrayBuffer and transfers it to the page.

const QUANTUM = 128;
const QUANTA = 8;

registerProcessor("batches", class extends AudioWorkletProcessor {
  constructor({ processorOptions: { buffers, batches } }) {
    super();
    this.posts = buffers !== "kept";
    this.left = batches;
    this.quantum = new Float32Array(QUANTUM).fill(1);
    this.batch = null;
    this.filled = 0;
    // ArrayBuffers that the page has posted back
    this.returned = [];
    this.reused = 0;
    this.port.onmessage = ({ data }) => this.returned.push(data);
  }

  open() {
    let buffer = this.returned.pop();
    if (buffer)
      this.reused++;
    else
      buffer = new ArrayBuffer(QUANTUM * QUANTA * 4);
    this.batch = new Float32Array(buffer);
    this.filled = 0;
  }

  close() {
    const { buffer } = this.batch;
    if (this.posts)
      this.port.postMessage(buffer, [buffer]);
    this.batch = null;
    if (--this.left === 0)
      this.port.postMessage({ reused: this.reused });
  }

  process() {
    if (this.left === 0)
      return false;
    if (!this.batch)
      this.open();
    this.batch.set(this.quantum, this.filled);
    this.filled += QUANTUM;
    if (this.filled === this.batch.length)
      this.close();
    return true;
  }
});
