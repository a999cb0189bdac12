import type { SiteDisplay } from '../../src/assessment/call-rules.js';

/** Every card is shown, as without configuration in development. */
export const SITE_DISPLAY: SiteDisplay = {
  minTier: 'low',
  showNotScored: true,
  cooldownHours: 0,
  suppression: { userRoles: [], encounterClasses: [], locations: [] },
};
