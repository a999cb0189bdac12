/**
 * Completed years at the prediction time, from a FHIR date that may be partial: a missing month or day counts as the first,
 * as MIMIC and Challenge-2012 give years only. In UTC: a birth date has no zone. NaN where there is no usable date.
 */
export function ageYears(birthDate: string | undefined, predictionTimeMs: number): number {
  const parts = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(birthDate ?? '');
  if (!parts) return NaN;
  const [year, month, day] = [Number(parts[1]), Number(parts[2] ?? '1'), Number(parts[3] ?? '1')];
  if (month < 1 || month > 12 || day < 1 || day > 31) return NaN;
  const now = new Date(predictionTimeMs);
  const years = now.getUTCFullYear() - year;
  const hadBirthday = now.getUTCMonth() + 1 > month || (now.getUTCMonth() + 1 === month && now.getUTCDate() >= day);
  const age = hadBirthday ? years : years - 1;
  return age < 0 || age > 130 ? NaN : age;
}
