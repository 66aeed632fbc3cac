// The jobs of an administrator by clicks alone, from sign-in to what came of it. What came of it is asked of the API, never
// of the page alone. JOB=expression does those whose name fits.

import { Clerk } from './clerk.mjs';
import { Forms } from './forms.mjs';
import { people } from './jobs/people.mjs';
import { own } from './jobs/own.mjs';
import { factors } from './jobs/factors.mjs';
import { helpdesk } from './jobs/helpdesk.mjs';
import { letters } from './jobs/letters.mjs';
import { login } from './jobs/login.mjs';
import { standing } from './jobs/standing.mjs';
import { rest } from './jobs/rest.mjs';
import { roles } from './jobs/roles.mjs';
import { access } from './jobs/access.mjs';
import { directories } from './jobs/directories.mjs';
import { connect } from './jobs/connect.mjs';
import { alarms } from './jobs/alarms.mjs';
import { demands } from './jobs/demands.mjs';
import { invited } from './jobs/invited.mjs';
import { guards } from './jobs/guards.mjs';
import { programs } from './jobs/programs.mjs';
import { clients } from './jobs/clients.mjs';
import { settings } from './jobs/settings.mjs';
import { record } from './jobs/record.mjs';
import { reviews } from './jobs/reviews.mjs';
import { tenants } from './jobs/tenants.mjs';
import { wrong } from './jobs/wrong.mjs';

export const ALL = { ...people, ...own, ...factors, ...helpdesk, ...letters, ...login, ...standing, ...rest, ...roles, ...access, ...directories, ...connect, ...demands, ...alarms, ...invited, ...guards, ...programs, ...clients, ...settings, ...record, ...reviews, ...tenants, ...wrong };

// One job after the other; what goes wrong in one is that one's. `scripted` says whether whoever comes has JavaScript.
export async function work(there, jobs, scripted = false) {
  const world = { ...there, scripted, forms: new Forms(), clerks: [], ...(scripted && { examined: new Set() }) };
  const ada = await Clerk.ada(world);
  for (const [name, job] of Object.entries(jobs).filter(([n]) => new RegExp(process.env.JOB ?? '').test(n))) {
    const check = (what, ok, seen = '') => world.report.check(`${name}: ${what}`, Boolean(ok), seen);
    try {
      await job({ ...world, ada, check });
      check('nothing on the console', ada.noise.length === 0, ada.noise.join('; '));
    } catch (e) {
      // Where everybody was, whoever it went wrong for.
      const stood = [];
      for (const who of world.clerks.filter((c) => !c.page.isClosed())) {
        stood.push(`\n       ${who.name} on ${who.page.url()}: ${(await who.words().catch(() => '')).slice(0, 600)}`);
        if (who !== ada) await who.leave().catch(() => {});
      }
      check('goes through', false, `${String(e.stack).split('\n').filter((l) => !/node_modules|node:internal/.test(l)).slice(0, 7).join('\n       ')}${stood.join('')}`);
    }
    world.clerks.splice(0, world.clerks.length, ada);
    ada.noise.splice(0);
  }
  if (!process.env.JOB) world.report.check('every form that somebody was shown was sent in a job', world.forms.unsent.length === 0, world.forms.unsent.join('\n       '));
  await ada.leave();
}

export const run = (world) => work(world, ALL);
