import type { Step } from './support/parity-exchange.js';

/** One exchange that HAPI and the embedded server are asked for alike; differences that are meant stand in parity-differences.ts. */
export interface ParityCase {
  readonly name: string;
  readonly steps: readonly Step[];
}

const get = (name: string, path: string): ParityCase => ({ name, steps: [{ path }] });
const paged = (name: string, path: string): ParityCase => ({ name, steps: [{ path, isFollowed: true }] });
const several = (name: string, steps: readonly Step[]): ParityCase => ({ name, steps });

const LOINC = encodeURIComponent('http://loinc.org');
const OBS = 'Observation?patient={pat}';
const DATED = 'Observation?patient={dated}&_sort=_id&_count=50';

const hb = (id: string, more: object = {}): object => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '718-7' }] },
  // A patient of its own, so that what is written is found by no other case.
  subject: { reference: 'Patient/{written}' },
  effectiveDateTime: '2026-03-10T09:00:00Z',
  valueQuantity: { value: 8.1, unit: 'g/dL', system: 'http://unitsofmeasure.org', code: 'g/dL' },
  ...more,
});
const unnamed = hb('x', { id: undefined });
const transaction = (...entry: object[]): object => ({ resourceType: 'Bundle', type: 'transaction', entry });
const batch = (...entry: object[]): object => ({ resourceType: 'Bundle', type: 'batch', entry });
const asked = (method: string, url: string, more: object = {}): object => ({ request: { method, url, ...more } });
const put = (id: string, more: object = {}): object => ({
  resource: hb(id, more),
  request: { method: 'PUT', url: `Observation/${id}` },
});
const post = (more: object = {}, request: object = {}): object => ({
  resource: { ...unnamed, ...more },
  request: { method: 'POST', url: 'Observation', ...request },
});
const withoutPatient = { subject: { reference: 'Patient/{new-nobody}' } };

export const PARITY_CASES: readonly ParityCase[] = [
  // Reads
  get('what the server is', 'metadata'),
  get('a Patient', 'Patient/{pat}'),
  get('an Observation', 'Observation/{hb-new}'),
  get('a Binary, as FHIR', 'Binary/{letter}'),
  several('a Binary, to a client that names FHIR’s old media type too', [
    { path: 'Binary/{letter}', headers: { Accept: 'application/fhir+json, application/json' } },
  ]),
  get('a resource that never was', 'Observation/{new-none}'),
  get('a Binary that never was', 'Binary/{new-none}'),
  several('a resource that was deleted', [
    { method: 'PUT', path: 'Observation/{new-gone}', body: hb('{new-gone}') },
    { method: 'DELETE', path: 'Observation/{new-gone}' },
    { path: 'Observation/{new-gone}' },
    { path: 'Observation?patient={written}&_id={new-gone}' },
    { method: 'PUT', path: 'Observation/{new-gone}', body: hb('{new-gone}') },
    { path: 'Observation/{new-gone}' },
  ]),
  several('deleting what never was', [{ method: 'DELETE', path: 'Observation/{new-none}' }]),
  several('deleting twice', [
    { method: 'PUT', path: 'Observation/{new-gone}', body: hb('{new-gone}'), isSilent: true },
    { method: 'DELETE', path: 'Observation/{new-gone}', isSilent: true },
    { method: 'DELETE', path: 'Observation/{new-gone}' },
  ]),
  several('deleting a Patient others refer to', [{ method: 'DELETE', path: 'Patient/{pat}' }]),
  get('a type there is not', 'Nonsense/{pat}'),
  get('a search of a type there is not', 'Nonsense?patient={pat}'),
  get('an operation there is not', 'Observation/$nonsense'),
  get('the base itself', ''),
  several('a method that is not possible', [{ method: 'PUT', path: 'Observation', body: hb('{new}') }]),
  several('an Accept of XML alone', [{ path: 'Patient/{pat}', headers: { Accept: 'application/fhir+xml' } }]),
  several('an Accept that is no FHIR', [{ path: 'Patient/{pat}', headers: { Accept: 'image/png' } }]),

  // Searches by token
  get('a code without system', `${OBS}&code=718-7`),
  get('a code with system', `${OBS}&code=${LOINC}%7C718-7`),
  get('a code that has no system', `${OBS}&code=%7C718-7`),
  get('a system alone', `${OBS}&code=${LOINC}%7C`),
  get('several codes', `${OBS}&code=8867-4,${LOINC}%7C718-7,2345-7`),
  get('several codes, one of them unknown', `${OBS}&code=8867-4,nonsense`),
  get('an unknown code', `${OBS}&code=nonsense`),
  get('a code of the second coding', `${OBS}&code=GLU`),
  get('a code with a system of the other coding', `${OBS}&code=${LOINC}%7CGLU`),
  get('the same parameter twice: both must hold', `${OBS}&code=2345-7&code=GLU`),
  get('the same parameter twice: none holds both', `${OBS}&code=2345-7&code=718-7`),
  get('an escaped comma belongs to the code', `${OBS}&code=8867-4%5C,718-7`),
  get('an empty alternative', `${OBS}&code=8867-4,`),
  get('a parameter without value', `${OBS}&code=`),
  get('a lone bar', `${OBS}&code=%7C`),
  get('two bars', `${OBS}&code=a%7Cb%7Cc`),
  get('a code in the other letter case', `${OBS}&category=LABORATORY`),
  get('category and status', `${OBS}&category=vital-signs&status=preliminary`),
  get('a code of a component', `${OBS}&component-code=8480-6`),
  get('a code here or in a component', `${OBS}&combo-code=8480-6,718-7`),
  get('a token with :not', `${OBS}&code:not=718-7`),
  get('a token with :text', `${OBS}&code:text=haemo`),
  get('a token with :in', `${OBS}&code:in=http://example.org/none`),
  get('an unknown modifier', `${OBS}&code:nonsense=718-7`),
  get('an encoded comma', `${OBS}&code=8867-4%2C718-7`),

  // Searches by reference
  get('a patient by typed reference', 'Observation?patient=Patient/{other}'),
  get('a subject by typed reference', 'Observation?subject=Patient/{other}'),
  get('a subject by bare id', 'Observation?subject={other}'),
  get('a subject with a type modifier', 'Observation?subject:Patient={other}'),
  get('two patients', 'Observation?patient={other},{pat}&code=718-7'),
  get('an unknown patient', 'Observation?patient={new-nobody}'),
  get('a patient of the wrong type', 'Observation?patient=Encounter/{stay}'),
  get('an absolute reference of another server', 'Observation?patient=http://elsewhere.example/fhir/Patient/{other}'),
  get('an encounter', `${OBS}&encounter=Encounter/{stay}`),
  get('an encounter by bare id', `${OBS}&encounter={stay}`),
  get('a chained parameter', 'Observation?patient.gender=female&_id={hb-new}'),

  // Searches by date
  ...(['eq', 'ne', 'ge', 'gt', 'le', 'lt', 'sa', 'eb', ''] as const).flatMap((prefix) => [
    get(`date ${prefix || 'without prefix'}, an instant`, `${DATED}&date=${prefix}2026-03-10T08:00:00Z`),
    get(`date ${prefix || 'without prefix'}, a day`, `${DATED}&date=${prefix}2026-03-10`),
    get(`date ${prefix || 'without prefix'}, with milliseconds`, `${DATED}&date=${prefix}2026-03-10T08:00:00.250Z`),
  ]),
  get('a date in another zone', `${DATED}&date=ge${encodeURIComponent('2026-03-10T13:30:00+05:30')}`),
  get('a date of a month', `${DATED}&date=2026-03`),
  get('a date of a year', `${DATED}&date=2026`),
  get('a date to the minute', `${DATED}&date=ge2026-03-10T08:00Z`),
  get('two bounds', `${DATED}&date=ge2026-03-09T00:00:00Z&date=le2026-03-10T03:00:00Z`),
  get('two bounds around one instant', `${DATED}&date=ge2026-03-10T08:00:00.000Z&date=le2026-03-10T08:00:00.000Z`),
  get('alternative dates', `${DATED}&date=lt2026-03-09,gt2026-03-10T09:30:00Z`),
  get('a date that is none', `${DATED}&date=yesterday`),
  get('a day that does not exist', `${DATED}&date=2026-02-30`),
  get('a prefix that is none', `${DATED}&date=ap2026-03-10`),
  get(
    'an infusion still running at a time',
    'MedicationAdministration?patient={pat}&effective-time=ge2026-03-10T09:00:00Z',
  ),
  get('an infusion begun by a time', 'MedicationAdministration?patient={pat}&effective-time=le2026-03-10T06:00:00Z'),
  get('an encounter without end', 'Encounter?patient={pat}&date=ge2027-01-01'),
  get('_lastUpdated since long ago', `${OBS}&_lastUpdated=ge2000-01-01`),
  get('_lastUpdated in the future', `${OBS}&_lastUpdated=ge2100-01-01`),

  // Order
  ...['date', '-date', '_id', '-_id', 'date,_id', '-date,_id', '-date,-_id', '_lastUpdated'].map((sort) =>
    get(`_sort=${sort}`, `Observation?patient={dated}&_sort=${sort}&_count=50`),
  ),
  get('sorted administrations', 'MedicationAdministration?patient={pat}&_sort=-effective-time'),
  get('sorted encounters', 'Encounter?patient={pat}&_sort=-date'),
  get('sorted documents', 'DocumentReference?patient={pat}&status=current&_sort=-date&_count=20'),
  get('sorted by a token', `${OBS}&_sort=code`),
  get('sorted by nothing known', `${OBS}&_sort=nonsense`),

  // Pages
  paged('a chart in pages of 10', 'Observation?patient={paged}&_sort=-date&_count=10'),
  paged('a chart in pages of 15, none left over', 'Observation?patient={paged}&_sort=date&_count=15'),
  paged('a chart in pages of 1', 'Observation?patient={paged}&_sort=date&_count=1&date=ge2026-03-10T11:57:00Z'),
  paged('a page as long as the chart', 'Observation?patient={paged}&_sort=date&_count=45'),
  paged('a page longer than the chart', 'Observation?patient={paged}&_sort=date&_count=46'),
  paged('pages of the default length', 'Observation?patient={paged}&_sort=date'),
  paged('a _count over the maximum', 'Observation?patient={paged}&_sort=date&_count=100000'),
  paged('unsorted pages', 'Observation?patient={paged}&_count=20'),
  paged('pages with the total', 'Observation?patient={paged}&_sort=date&_count=20&_total=accurate'),
  paged('pages without the total', 'Observation?patient={paged}&_sort=date&_count=20&_total=none'),
  get('_count=0', 'Observation?patient={paged}&_count=0'),
  get('a _count that is none', 'Observation?patient={paged}&_count=many'),
  get('a negative _count', 'Observation?patient={paged}&_count=-1'),
  get('_summary=count', 'Observation?patient={paged}&_summary=count'),
  get('_summary=count of nothing', 'Observation?patient={new-nobody}&_summary=count'),
  get('a search that finds nothing', `${OBS}&code=nonsense&_total=accurate`),
  get(
    'a page that has expired',
    '?_getpages=00000000-0000-4000-8000-000000000000&_getpagesoffset=10&_count=10&_bundletype=searchset',
  ),

  // What a search returns
  get('_elements', `${OBS}&code=8867-4&_elements=status,code`),
  get('_summary=true', `${OBS}&code=8867-4&_summary=true`),
  get('_summary=false', `${OBS}&code=8867-4&_summary=false`),
  get('_include', `${OBS}&code=8867-4&_include=Observation:patient`),
  get('_revinclude', 'Patient?_id={pat}&_revinclude=Condition:patient'),
  get('_has', 'Patient?_id={pat}&_has:Condition:patient:code=74474003'),
  get('_format=json', `${OBS}&code=8867-4&_format=json`),
  get('_pretty', `${OBS}&code=8867-4&_pretty=true`),
  get('_id, several', 'Observation?_id={hb-new},{hr}&_sort=_id'),
  get('_id of another patient', `${OBS}&_id={theirs}`),
  get('_tag', `${OBS}&_tag=urn:none%7Cx`),
  get('an unknown parameter', `${OBS}&nonsense=1`),
  several('an unknown parameter, leniently', [{ path: `${OBS}&nonsense=1`, headers: { Prefer: 'handling=lenient' } }]),
  get('an unknown result parameter', `${OBS}&_nonsense=1`),
  get('a parameter of another type', `${OBS}&birthdate=1950`),
  several('POST _search', [
    {
      method: 'POST',
      path: 'Observation/_search',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'patient={pat}&code=718-7,8867-4&_sort=-date',
    },
  ]),
  several('POST _search with parameters in both places', [
    {
      method: 'POST',
      path: 'Observation/_search?patient={pat}&_sort=-date',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'code=718-7',
    },
  ]),
  several('POST _search in pages', [
    {
      method: 'POST',
      path: 'Observation/_search',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'patient={paged}&_count=20&_sort=date',
    },
  ]),
  several('POST _search as JSON', [
    { method: 'POST', path: 'Observation/_search?patient={other}', body: { code: 'nonsense' } },
  ]),
  get('a client that names max-results', `${OBS}&_count=3&_sort=-date`),

  // Writes
  several('a create', [{ method: 'POST', path: 'Observation', body: unnamed }, { path: 'Observation/{assigned}' }]),
  several('a create that names an id gets another', [{ method: 'POST', path: 'Observation', body: hb('{new}') }]),
  several('an update that creates, then one that changes', [
    { method: 'PUT', path: 'Observation/{new}', body: hb('{new}') },
    { method: 'PUT', path: 'Observation/{new}', body: hb('{new}', { status: 'amended' }) },
    { path: 'Observation/{new}' },
  ]),
  several('an update that changes nothing', [
    { method: 'PUT', path: 'Observation/{new}', body: hb('{new}'), isSilent: true },
    { method: 'PUT', path: 'Observation/{new}', body: hb('{new}') },
    { path: 'Observation/{new}' },
  ]),
  several('an update whose id is not the path’s', [
    { method: 'PUT', path: 'Observation/{new}', body: hb('{new-other}') },
  ]),
  several('an update without id', [{ method: 'PUT', path: 'Observation/{new}', body: unnamed }]),
  several('an update with an id of digits alone', [
    { method: 'PUT', path: 'Patient/{new}1', body: { resourceType: 'Patient', id: '{new}1' } },
  ]),
  several('an update with an id that is none', [{ method: 'PUT', path: 'Observation/{new}_x', body: hb('{new}_x') }]),
  several('an update with the current version', [
    { method: 'PUT', path: 'Observation/{new}', body: hb('{new}'), isSilent: true },
    {
      method: 'PUT',
      path: 'Observation/{new}',
      headers: { 'If-Match': 'W/"1"' },
      body: hb('{new}', { status: 'amended' }),
    },
  ]),
  several('an update with an old version', [
    { method: 'PUT', path: 'Observation/{new}', body: hb('{new}'), isSilent: true },
    { method: 'PUT', path: 'Observation/{new}', body: hb('{new}', { status: 'amended' }), isSilent: true },
    {
      method: 'PUT',
      path: 'Observation/{new}',
      headers: { 'If-Match': 'W/"1"' },
      body: hb('{new}', { status: 'corrected' }),
    },
    { path: 'Observation/{new}' },
  ]),
  several('a conditional create that finds one', [
    {
      method: 'POST',
      path: 'Patient',
      headers: { 'If-None-Exist': 'identifier=http://hospital.example/mrn%7C{run}' },
      body: { resourceType: 'Patient', identifier: [{ system: 'http://hospital.example/mrn', value: '{run}' }] },
    },
  ]),
  several('a conditional create that finds none, then one', [
    {
      method: 'POST',
      path: 'Patient',
      headers: { 'If-None-Exist': 'identifier=urn:parity%7C{new}' },
      body: { resourceType: 'Patient', identifier: [{ system: 'urn:parity', value: '{new}' }] },
    },
    {
      method: 'POST',
      path: 'Patient',
      headers: { 'If-None-Exist': 'identifier=urn:parity%7C{new}' },
      body: { resourceType: 'Patient', identifier: [{ system: 'urn:parity', value: '{new}' }] },
    },
  ]),
  several('a create about a Patient who is not there', [
    { method: 'POST', path: 'Observation', body: { ...unnamed, ...withoutPatient } },
  ]),
  several('an update about a Patient who is not there', [
    { method: 'PUT', path: 'Observation/{new}', body: hb('{new}', withoutPatient) },
    { path: 'Observation/{new}' },
  ]),
  several('a create that refers to an Encounter that is not there', [
    { method: 'POST', path: 'Observation', body: { ...unnamed, encounter: { reference: 'Encounter/{new-none}' } } },
  ]),
  several('malformed JSON', [{ method: 'POST', path: 'Observation', body: '{"resourceType":' }]),
  several('JSON that is no resource', [{ method: 'POST', path: 'Observation', body: { hello: 'world' } }]),
  several('a list', [{ method: 'POST', path: 'Observation', body: [unnamed] }]),
  several('no body', [{ method: 'POST', path: 'Observation', body: '' }]),
  several('a resource of another type than the path', [
    { method: 'POST', path: 'Observation', body: { resourceType: 'Patient' } },
  ]),
  several('an update of another type than the path', [
    { method: 'PUT', path: 'Observation/{new}', body: { resourceType: 'Patient', id: '{new}' } },
  ]),
  several('a resource of a type there is not', [
    { method: 'POST', path: 'Observation', body: { resourceType: 'Nonsense' } },
  ]),
  several('an element there is not', [{ method: 'POST', path: 'Observation', body: { ...unnamed, nonsense: 1 } }]),
  several('a content type that is no FHIR', [
    { method: 'POST', path: 'Observation', headers: { 'Content-Type': 'text/plain' }, body: unnamed },
  ]),
  several('plain JSON as content type', [
    { method: 'POST', path: 'Observation', headers: { 'Content-Type': 'application/json' }, body: unnamed },
  ]),
  several('tags are kept', [
    {
      method: 'PUT',
      path: 'Observation/{new}',
      body: hb('{new}', { meta: { tag: [{ system: 'urn:t', code: 'x' }] } }),
    },
    { path: 'Observation/{new}' },
  ]),
  several('a patch', [
    {
      method: 'PATCH',
      path: 'Observation/{hb-new}',
      headers: { 'Content-Type': 'application/json-patch+json' },
      body: [{ op: 'test', path: '/status', value: 'nonsense' }],
    },
  ]),

  // Bundles
  several('a batch of reads and searches', [
    {
      method: 'POST',
      path: '',
      body: batch(
        asked('GET', 'Patient/{pat}'),
        asked('GET', `${OBS}&code=718-7`),
        asked('GET', 'Observation/{new-none}'),
        asked('GET', `${OBS}&nonsense=1`),
      ),
    },
  ]),
  several('a batch whose entries fail for themselves', [
    { method: 'POST', path: '', body: batch(put('{new}'), post(withoutPatient), put('{new2}')) },
    { path: 'Observation/{new}' },
    { path: 'Observation/{new2}' },
  ]),
  several('a transaction of updates and creates', [
    { method: 'POST', path: '', body: transaction(put('{new}'), post(), put('{new2}')) },
    { path: 'Observation/{new}' },
    { path: 'Observation/{assigned}' },
  ]),
  several('the same transaction twice', [
    { method: 'POST', path: '', body: transaction(put('{new}'), put('{new2}')), isSilent: true },
    { method: 'POST', path: '', body: transaction(put('{new}'), put('{new2}')) },
  ]),
  several('entries of a transaction refer to each other', [
    {
      method: 'POST',
      path: '',
      body: transaction(
        {
          fullUrl: 'urn:uuid:7a5c4d30-0000-4000-8000-000000000001',
          resource: { resourceType: 'Patient', gender: 'male' },
          request: { method: 'POST', url: 'Patient' },
        },
        put('{new}', { subject: { reference: 'urn:uuid:7a5c4d30-0000-4000-8000-000000000001' } }),
      ),
    },
    { path: 'Observation/{new}' },
  ]),
  several('a transaction that creates the Patient it refers to', [
    {
      method: 'POST',
      path: '',
      body: transaction(put('{new}', { subject: { reference: 'Patient/{new-pat}' } }), {
        resource: { resourceType: 'Patient', id: '{new-pat}' },
        request: { method: 'PUT', url: 'Patient/{new-pat}' },
      }),
    },
    { path: 'Observation/{new}' },
  ]),
  several('a conditional create in a transaction that finds one', [
    {
      method: 'POST',
      path: '',
      body: transaction({
        resource: { resourceType: 'Patient', identifier: [{ system: 'http://hospital.example/mrn', value: '{run}' }] },
        request: { method: 'POST', url: 'Patient', ifNoneExist: 'identifier=http://hospital.example/mrn%7C{run}' },
      }),
    },
  ]),
  several('a conditional create in a transaction that finds none', [
    {
      method: 'POST',
      path: '',
      body: transaction({
        resource: { resourceType: 'Patient', identifier: [{ system: 'urn:parity', value: '{new}' }] },
        request: { method: 'POST', url: 'Patient', ifNoneExist: 'identifier=urn:parity%7C{new}' },
      }),
    },
  ]),
  several('a transaction with an entry that fails leaves nothing behind', [
    { method: 'POST', path: '', body: transaction(put('{new}'), put('{new2}', withoutPatient)) },
    { path: 'Observation/{new}' },
    { path: 'Observation/{new2}' },
  ]),
  several('a transaction about a Patient who is not there', [
    { method: 'POST', path: '', body: transaction(post(withoutPatient)) },
  ]),
  several('a transaction with one id twice', [
    { method: 'POST', path: '', body: transaction(put('{new}'), put('{new}', { status: 'amended' })) },
    { path: 'Observation/{new}' },
  ]),
  several('a transaction with an old version', [
    { method: 'PUT', path: 'Observation/{new}', body: hb('{new}'), isSilent: true },
    { method: 'PUT', path: 'Observation/{new}', body: hb('{new}', { status: 'amended' }), isSilent: true },
    {
      method: 'POST',
      path: '',
      body: transaction(put('{new2}'), {
        resource: hb('{new}', { status: 'corrected' }),
        request: { method: 'PUT', url: 'Observation/{new}', ifMatch: 'W/"1"' },
      }),
    },
    { path: 'Observation/{new2}' },
  ]),
  several('a transaction that deletes', [
    { method: 'PUT', path: 'Observation/{new}', body: hb('{new}'), isSilent: true },
    { method: 'POST', path: '', body: transaction(asked('DELETE', 'Observation/{new}')) },
    { path: 'Observation/{new}' },
  ]),
  several('a transaction that deletes what never was', [
    { method: 'POST', path: '', body: transaction(asked('DELETE', 'Observation/{new-none}')) },
  ]),
  several('a transaction that reads', [
    { method: 'POST', path: '', body: transaction(put('{new}'), asked('GET', 'Patient/{pat}')) },
  ]),
  several('a transaction with a read that fails', [
    { method: 'POST', path: '', body: transaction(put('{new}'), asked('GET', 'Patient/{new-none}')) },
    { path: 'Observation/{new}' },
  ]),
  several('a transaction of a type there is not', [
    {
      method: 'POST',
      path: '',
      body: transaction({ resource: { resourceType: 'Nonsense' }, request: { method: 'POST', url: 'Nonsense' } }),
    },
  ]),
  several('a transaction whose entry is of another type than its url', [
    {
      method: 'POST',
      path: '',
      body: transaction({ resource: { resourceType: 'Patient' }, request: { method: 'POST', url: 'Observation' } }),
    },
  ]),
  several('a transaction entry without request', [
    { method: 'POST', path: '', body: transaction({ resource: unnamed }) },
  ]),
  several('a transaction entry without resource', [
    { method: 'POST', path: '', body: transaction(asked('PUT', 'Observation/{new}')) },
  ]),
  several('an empty transaction', [{ method: 'POST', path: '', body: transaction() }]),
  several('an empty batch', [{ method: 'POST', path: '', body: batch() }]),
  several('a Bundle of another type', [
    { method: 'POST', path: '', body: { resourceType: 'Bundle', type: 'collection', entry: [] } },
  ]),
  several('a base that is sent no Bundle', [{ method: 'POST', path: '', body: { resourceType: 'Patient' } }]),
  several('malformed JSON to the base', [{ method: 'POST', path: '', body: '{"resourceType":"Bundle",' }]),
];
