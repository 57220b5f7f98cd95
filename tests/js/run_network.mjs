// Runs a network on rows of float32 inputs from a file and writes its outputs as float32, for tests of other languages.
import { readFileSync, writeFileSync } from "node:fs";
import { load } from "./load.mjs";

const [networkFile, inputsFile, outputsFile, rounds = "1"] = process.argv.slice(2);
const { networkReader } = load(["networkReader"], ["decoder/network"], { TextDecoder });
const bytes = (file) => new Uint8Array(readFileSync(file)).buffer; // a copy: a small file lies in a larger buffer
const network = networkReader()(bytes(networkFile));
const inputs = new Float32Array(bytes(inputsFile)), count = inputs.length / network.inputs;
const size = network.outputs.reduce((a, b) => a * b), outputs = new Float32Array(count * size);
const start = performance.now();
for (let round = 0; round < Number(rounds); round++) {
  for (let k = 0; k < count; k++) {
    outputs.set(network.run(inputs.subarray(k * network.inputs, (k + 1) * network.inputs)), k * size);
  }
}
console.log((performance.now() - start) / (count * Number(rounds)));
writeFileSync(outputsFile, outputs);
