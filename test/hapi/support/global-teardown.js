export default async function globalTeardown() {
  await globalThis.hemolensTestHapi?.stop();
}
