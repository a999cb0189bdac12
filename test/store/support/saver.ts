/**
 * A process that saves calls until it is killed: one line `saved ID` on standard output for each that was answered.
 * Arguments: JSON of { place, keysFile, spoolFile }.
 */
import { silentLog } from '../../../src/logging/logger.js';
import { openStore, type StorePlace } from '../../../src/store/open-store.js';
import { writeSync } from 'node:fs';
import { answeredCall } from './answered-call.js';

interface Task {
  readonly place: StorePlace;
  readonly keysFile: string;
  readonly spoolFile: string;
}

const { place, keysFile, spoolFile } = JSON.parse(process.argv[2] ?? '') as Task;
const store = await openStore({ place, keysFile, onFailure: { kind: 'spool', file: spoolFile }, log: silentLog });
const line = (text: string): void => void writeSync(1, `${text}\n`);
line('open');
const oneAfterTheOther = async (): Promise<void> => {
  for (;;) {
    const call = answeredCall({ cardIds: [crypto.randomUUID()] });
    await store.save(call);
    line(`saved ${call.assessment.assessmentId}`);
  }
};
await Promise.all([oneAfterTheOther(), oneAfterTheOther(), oneAfterTheOther(), oneAfterTheOther()]);
