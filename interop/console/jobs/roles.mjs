// Roles of one's own: made, changed after a look at who gains and loses, cloned, and not deleted while somebody has them.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { muster, musterRefuses } from '../../person.mjs';

const role = (name) => muster('role', 'list', 'contoso').items.find((r) => r.name === name);

export const roles = {
  async 'a role is made'({ ada, check }) {
    await ada.at('contoso', '/roles');
    await ada.press('add');
    await ada.fill({ name: 'Packager', description: 'The name is taken', permissions: ['software.view', 'software.add'] });
    await ada.press('make');
    check('a name that is taken is said at the field', await ada.saidAt('name'), await ada.words());
    check('and what was typed stays', await ada.value('description') === 'The name is taken'
      && await ada.page.locator('[name=permissions][value="software.add"]').isChecked(), await ada.words());
    await ada.fill({ name: 'Depot', description: 'Looks after packages' });
    await ada.press('make');
    const made = role('Depot');
    check('it is there', made?.permissions.length === 2 && made.description === 'Looks after packages', JSON.stringify(made));
  },

  async 'a role is changed, after a look'({ ada, check, bert }) {
    // It is done twice: without the script, and with it.
    muster('role', 'edit', 'contoso', role('Packager').id, '--permission', 'software.view', '--permission', 'software.add');
    const packager = role('Packager');
    await ada.at('contoso', `/roles/${packager.id}`);
    await ada.press('edit');
    await ada.fill({ permissions: ['software.manage_versions'] });
    await ada.press('look');
    const seen = await ada.text();
    check('the page says who gains what', (await ada.text('#preview')).includes('bert') && (await ada.text('#more')).includes('software.manage_versions'), seen);
    check('and nothing is saved', role('Packager').permissions.length === packager.permissions.length);
    await ada.press('save');
    check('it is saved', role('Packager').permissions.includes('software.manage_versions'), await ada.words());
    const may = muster('explain', 'contoso', 'bert', 'software.manage_versions');
    check('and Bert may', may.allowed === true, JSON.stringify(may).slice(0, 200) + bert.id);
  },

  async 'a role is cloned'({ ada, check }) {
    await ada.at('contoso', `/roles/${role('Packager').id}`);
    await ada.press('clone');
    await ada.fill({ name: 'Packager two' });
    await ada.press('make');
    const [one, two] = [role('Packager'), role('Packager two')];
    check('it permits the same', two && one.permissions.join() === two.permissions.join(), JSON.stringify(two));
  },

  async 'a role that somebody has is not deleted'({ ada, check }) {
    const { id } = role('Packager');
    await ada.at('contoso', `/roles/${id}`);
    await ada.press('delete');
    check('the page says who has it', await ada.has('in-use') && (await ada.text()).includes('bert'), await ada.words());
    check('and has no button to do it', await ada.page.locator('main form[method=post]').count() === 0);
    check('the API refuses as well', /use|has it|bert/i.test(musterRefuses('role', 'delete', 'contoso', id, '--yes')));
  },

  async 'a role that nobody has is deleted'({ ada, check }) {
    await ada.at('contoso', `/roles/${role('Packager two').id}`);
    await ada.press('delete');
    await ada.press('delete');
    check('it is gone', !role('Packager two'), await ada.words());
  },

  async 'two roles are compared'({ ada, check }) {
    const packager = role('Packager');
    const wanted = muster('role', 'diff', 'contoso', 'Packager', 'Technician');
    await ada.at('contoso', `/roles/${packager.id}`);
    await ada.choose('with', { label: 'Technician (built-in)' }, 'Compare');
    const shown = async (id) => (await ada.page.locator(`#${id} code`).allInnerTexts()).sort().join();
    check('what only the one permits', wanted.more.length > 0 && await shown('more') === [...wanted.more].sort().join(), `${await shown('more')} ${JSON.stringify(wanted)}`);
    check('what only the other permits', wanted.less.length > 0 && await shown('less') === [...wanted.less].sort().join(), `${await shown('less')} ${JSON.stringify(wanted)}`);
    check('and what both do', await shown('both') === packager.permissions.filter((p) => !wanted.more.includes(p)).sort().join(), await shown('both'));
    await ada.choose('with', { label: 'Read-Only (built-in)' }, 'Compare');
    check('another is chosen there', (await ada.text('#less h2')) === 'Only Read-Only' && (await shown('less')).includes('users.view'), await ada.words());
  },

  async 'all roles side by side'({ ada, check }) {
    await ada.at('contoso', '/roles');
    await ada.press('matrix');
    const seen = {};
    for (;;) {
      Object.assign(seen, await ada.page.evaluate(() => {
        const names = [...document.querySelectorAll('main thead th a')].map((a) => a.textContent.trim());
        const all = Object.fromEntries(names.map((n) => [n, []]));
        for (const row of document.querySelectorAll('main tbody tr[id^="permission-"]')) {
          row.querySelectorAll('td').forEach((cell, i) => { if (cell.classList.contains('yes')) all[names[i]].push(row.id.slice('permission-'.length)); });
        }
        return all;
      }));
      if (!await ada.has('next')) break;
      await ada.press('next');
    }
    const { items } = (await ada.api('/tenants/contoso/roles?limit=100')).body;
    const catalogue = new Set((await ada.api('/catalogue')).body.categories.flatMap((c) => c.permissions.map((p) => `${c.id}.${p.id}`)));
    const differ = items.filter((r) => seen[r.name]?.sort().join() !== r.permissions.filter((p) => catalogue.has(p)).sort().join()).map((r) => r.name);
    check('every role is there, with what it permits and nothing else', items.length > 5 && Object.keys(seen).length === items.length && differ.length === 0, `${differ} ${JSON.stringify(seen).slice(0, 300)}`);
  },

  async 'roles and who has them are taken along'({ ada, check }) {
    for (const [format, file] of [['csv', /\.csv$/], ['markdown', /\.md$/]]) {
      await ada.at('contoso', '/roles');
      const [download] = await Promise.all([ada.page.waitForEvent('download'), ada.page.locator(`#export-${format}`).click()]);
      const text = readFileSync(await download.path(), 'utf8');
      const wanted = execFileSync(process.env.MUSTER, ['--data-dir', process.env.DATA, 'role', 'export', 'contoso', '--format', format], { encoding: 'utf8' });
      // When it was made stands above what is to be read, and may be another second.
      const lines = (t) => t.trim().split(/\r?\n/).slice(format === 'markdown' ? 4 : 0);
      check(`${format}: the file has what the command line says`, file.test(download.suggestedFilename()) && lines(text).length > 10 && lines(text).join('\n') === lines(wanted).join('\n'), `${download.suggestedFilename()} ${text.slice(0, 200)} / ${wanted.slice(0, 200)}`);
      check(`${format}: with the roles, and who has them`, /Packager/.test(text) && /Technician/.test(text) && /bert/.test(text), text.slice(0, 400));
    }
    ada.noise.splice(0);
  },
};
