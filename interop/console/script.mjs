// Where the pages' script makes a difference: one box that ticks all, what is shown once and can be copied, a form that is
// sent twice, what takes some seconds, a choice that takes effect at once. Then all jobs of administrators with it, on a server on which nobody has
// done them.

import { muster } from '../person.mjs';
import { ALL, work } from './jobs.mjs';

const mine = {
  async 'one box ticks all'({ ada, check }) {
    await ada.at('contoso', '/users');
    const boxes = ada.page.locator('input[name=user]');
    await ada.page.locator('[data-all=user]').check();
    const all = await boxes.count();
    check('all are ticked', all > 10 && await ada.page.locator('input[name=user]:checked').count() === all, all);
    await ada.page.locator('[data-all=user]').uncheck();
    check('and none', await ada.page.locator('input[name=user]:checked').count() === 0);
  },

  async 'what is shown once can be copied'({ ada, check, url, rmm }) {
    await ada.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(url).origin });
    await ada.at('contoso', `/integrations/${rmm.id}`);
    await ada.press('add-secret');
    const secret = await ada.text('#secret');
    const copy = ada.page.locator('[data-copy=secret]');
    check('the button is there', await copy.isVisible());
    await copy.click();
    await ada.page.getByRole('button', { name: 'Copied', exact: true }).waitFor();
    check('and copies it', await ada.page.evaluate(() => navigator.clipboard.readText()) === secret);
  },

  async 'a form that is sent twice is done once'({ ada, check }) {
    await ada.at('contoso', '/roles/add');
    await ada.fill({ name: 'Made twice?', permissions: ['software.view'] });
    await Promise.all([ada.page.waitForEvent('domcontentloaded'), ada.page.locator('#make').dblclick()]);
    await ada.page.waitForLoadState();
    const made = muster('role', 'list', 'contoso').items.filter((r) => r.name === 'Made twice?');
    check('it is there once', made.length === 1, JSON.stringify(made));
    check('and the page says nothing else', !await ada.has('problem'), await ada.words());
    muster('role', 'delete', 'contoso', made[0].id, '--yes');
  },

  async 'a form that is left and come back to can be sent'({ ada, check }) {
    await ada.at('contoso', '/roles/add');
    await ada.fill({ name: 'Packager' });
    await ada.press('make');
    await ada.page.goBack();
    await ada.fill({ name: 'Come back to', permissions: ['software.view'] });
    await ada.press('make');
    const made = muster('role', 'list', 'contoso').items.filter((r) => r.name === 'Come back to');
    check('it is sent', made.length === 1, await ada.words());
    muster('role', 'delete', 'contoso', made[0].id, '--yes');
  },

  async 'what takes some seconds says so while it does'({ ada, check, url }) {
    await ada.go(`${url}/admin/health`);
    // What became of the button, for after the answer.
    await ada.page.locator('#run').evaluate((run) => {
      const note = () => sessionStorage.setItem('busy', [run.textContent, run.disabled, run.getAttribute('aria-live')].join());
      new MutationObserver(note).observe(run, { attributes: true, childList: true });
    });
    await ada.press('run');
    const busy = await ada.page.evaluate(() => sessionStorage.getItem('busy'));
    check('the button says so, is off, and tells whoever listens', busy === 'Looking…,true,polite', busy);
    check('and then there is the answer', await ada.page.locator('#again').innerText() === 'Check again');
  },

  async 'a choice among filters takes effect at once'({ ada, check }) {
    await ada.at('contoso', '/users');
    await Promise.all([ada.page.waitForURL(/state=deactivated/), ada.page.locator('#f-state').selectOption('deactivated')]);
    check('the list is filtered', ada.address.searchParams.get('state') === 'deactivated', ada.page.url());
  },
};

export const run = (world) => work(world, { ...mine, ...ALL }, true);
