import { erasePatient } from '../store/admin/erase-patient.js';
import { filePseudonyms } from '../store/keys/pseudonyms.js';
import { EXIT, requiredOption, textOption, UsageError, type Command } from './command.js';
import { STORE_HELP, withStore } from './store-admin.js';

const HELP = `hemolens store erase-patient --patient ID (--tenant TENANT | --client CLIENT) 

Removes everything about one patient: assessments, cards, feedback with comments, outcomes and the clear identifier. The
audit trail keeps that it was done, not about whom. Backups and exports are not touched.

  --patient  logical id of the Patient resource, as the client knows it
  --tenant   tenant of the tokens it was asked under; left out: of clients whose tokens have none
  --client   only at this client (default: at every client with that tenant); required where there is no tenant

${STORE_HELP}`;

/** `hemolens store erase-patient` */
export function storeErasePatientCommand(): Command {
  return {
    name: 'store erase-patient',
    summary: 'remove everything about one patient',
    help: HELP,
    options: { patient: { type: 'string' }, tenant: { type: 'string' }, client: { type: 'string' } },
    async run(args, terminal) {
      const patientId = requiredOption(args, 'patient');
      const tenant = textOption(args, 'tenant');
      const clientId = textOption(args, 'client');
      if (tenant === undefined && clientId === undefined) throw new UsageError('give --tenant, --client or both');
      const subject = { patientId, tenant: tenant ?? '', ...(clientId === undefined ? {} : { clientId }) };
      const erased = await withStore((sql, keysFile) =>
        erasePatient(sql, filePseudonyms(keysFile), subject, Date.now()),
      );
      terminal.out(JSON.stringify(erased));
      return EXIT.ok;
    },
  };
}
