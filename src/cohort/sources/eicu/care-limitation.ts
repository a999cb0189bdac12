/**
 * Words that say how far care was to go: decisions about treatment, not findings. A line of a note with any of them is
 * left out of the text. eICU's own wording comes first ("End of life / care limitation discussion", "palliative care
 * consultation", the values of carePlanGeneral's group `Care Limitation`), then what other charts write.
 * `withdrawn` (affect), `withdraws to pain`, alcohol withdrawal and `volume resuscitation` are findings and stay.
 */
const CARE_LIMITATION: readonly RegExp[] = [
  /\bcare[ -]limitation/i,
  /\blimit(?:ation|ing|ed)?s?(?: of)? (?:care|treatment|therapy|support)\b/i,
  /\bend[ -]of[ -]life\b|\bEOL\b/i,
  /\bDN[RI]\b|\bDNAR\b|\bDNACPR\b|\bD\.N\.[RI]\b/i,
  /\bdo[ -]not[ -](?:attempt[ -])?(?:resuscitate|intubate|treat|escalate)/i,
  /\bno[ -](?:CPR|cardiopulmonary resuscitation|code|intubation|cardioversion|vasopressors|augmentation of care|escalation)\b/i,
  /\bnot for (?:CPR|resuscitation|intubation|escalation)\b/i,
  /\b(?:full|partial|limited|chemical|slow) code\b|\bcode[ -]status\b|\bfull therapy\b/i,
  /\bcomfort (?:care|measures?|only|focus(?:ed)?)\b|\bCMO\b/i,
  /\bhospice\b|\bpalliati(?:on|ve)\b/i,
  /(?<!alcohol |ethanol |etoh |opioid |opiate |drug |benzodiazepine |nicotine )\bwithdraw(?:al|ing|n|s)?(?: of)? (?:life|care|support|treatment|therapy|ventilat|mechanical)/i,
  /\b(?:care|support|treatment|therapy|ventilation) (?:was |is |has been |to be )?withdrawn\b/i,
  /\bno resuscitation\b|\bsupportive care only\b|\bGOC\b|\bcompassionate(?:ly)? extubat/i,
  /\bwithhold(?:ing)?(?: of)? (?:life|care|support|treatment|therapy)/i,
  /\bterminal(?:ly)?\b(?! ileum)|\bmoribund\b|\bactively dying\b|\bimminent(?:ly)? (?:death|dying)\b/i,
  /\bprognos(?:is|es|tic|tication)\b|\bfutil(?:e|ity)\b|\bgoals? of care\b|\blife[ -]expectancy\b/i,
  /\badvance[d]? (?:care |health(?:care)? )?(?:directive|planning)|\bliving will\b|\b(?:P|M)OLST\b|\ballow natural death\b/i,
  /\bbrain[ -]dea(?:d|th)\b|\borgan (?:donation|donor|procurement)\b/i,
];

/** Does this text say how far care was to go? */
export function isCareLimitation(text: string): boolean {
  return CARE_LIMITATION.some((pattern) => pattern.test(text));
}

/**
 * Comfort measures chosen, hospice, or life support withdrawn: what leaves an episode out when it came before the index. A wish
 * not to be resuscitated, a consultation or a discussion is none.
 */
const COMFORT_CARE: readonly RegExp[] = [
  /\bcomfort (?:care|measures?|only)\b|\bCMO\b/i,
  /\bhospice\b/i,
  /(?<!alcohol |ethanol |etoh |opioid |opiate |drug |benzodiazepine |nicotine )\bwithdraw(?:al|ing|n)?(?: of)? (?:life|care|support|treatment|therapy|ventilat|mechanical)/i,
  /\b(?:care|support|treatment|therapy|ventilation) (?:was |is |has been )?withdrawn\b/i,
  /\bcompassionate(?:ly)? extubat/i,
];

/** Does this text say that care was for comfort from now on? */
export function isComfortCare(text: string): boolean {
  return COMFORT_CARE.some((pattern) => pattern.test(text));
}
