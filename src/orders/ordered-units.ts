import type { DraftOrder } from './draft-order.js';
import { numberAt, objectAt, objectsAt, textAt, type LooseObject } from './loose-json.js';

const UNIT_WORDS: ReadonlySet<string> = new Set([
  '{unit}',
  '{units}',
  '{#}',
  '{bag}',
  'unit',
  'units',
  'u',
  'bag',
  'bags',
  'each',
  'pack',
  'packs',
  '1',
]);

/** The largest number of units believed; above it the quantity is taken for a volume or a slip. */
const MOST_UNITS = 100;

/**
 * Units of blood product ordered, where the order says units; undefined for mL, mL/kg, ranges, bounds ("> 2"), or a
 * number without a unit. Volumes are never turned into units.
 */
export function orderedUnitsOf(order: DraftOrder): number | undefined {
  if (order.type === 'ServiceRequest') return unitsIn(objectAt(order.resource, 'quantityQuantity'));
  const dispense = objectAt(order.resource, 'dispenseRequest');
  const dispensed = dispense && unitsIn(objectAt(dispense, 'quantity'));
  if (dispensed !== undefined) return dispensed;
  const [dose, ...otherDoses] = objectsAt(order.resource, 'dosageInstruction').flatMap((dosage) =>
    objectsAt(dosage, 'doseAndRate'),
  );
  return dose && otherDoses.length === 0 ? unitsIn(objectAt(dose, 'doseQuantity')) : undefined;
}

function unitsIn(quantity: LooseObject | undefined): number | undefined {
  if (!quantity || textAt(quantity, 'comparator') !== undefined) return undefined;
  const value = numberAt(quantity, 'value');
  const code = textAt(quantity, 'code');
  const said = (code ?? textAt(quantity, 'unit'))?.toLowerCase();
  if (value === undefined || said === undefined || !UNIT_WORDS.has(said)) return undefined;
  // UCUM's U is an enzyme unit: as a code of that system it does not count bags.
  if (said === 'u' && code !== undefined) return undefined;
  return value > 0 && value <= MOST_UNITS ? value : undefined;
}
