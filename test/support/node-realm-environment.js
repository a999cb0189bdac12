import { TestEnvironment } from 'jest-environment-node';

/**
 * jest runs tests in a realm of its own, whose Float32Array is not the one native modules check for
 * (onnxruntime-node rejects such tensors). This environment hands the outer realm's binary types to the tests.
 */
export default class NodeRealmEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    for (const name of ['Float32Array', 'Float64Array', 'Int32Array', 'BigInt64Array', 'Uint8Array', 'ArrayBuffer']) {
      this.global[name] = globalThis[name];
    }
  }
}
