/** Placeholder of the list while the source is being written. */
export function isCareLimitation(text: string): boolean {
  return /do not resuscitate|comfort measures|hospice/i.test(text);
}
