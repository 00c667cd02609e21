// Works VS Code's user interface as a person would: the words of ../walk.mjs.
// The selectors are those of VS Code's own markup, in one place because that is no stable interface.

import { readFile } from 'node:fs/promises';
import path from 'node:path';

/** How long every wait below may take: the first one includes the start of the language server. */
export const WAIT_LIMIT_MS = 30_000;

/** How long one movement of the pointer may take to bring a hover, in milliseconds. */
const HOVER_LIMIT_MS = 4_000;

/** How long a chosen file may take to show before it is chosen again, in milliseconds. */
const OPEN_LIMIT_MS = 3_000;

/** How often a file on the disk is looked at, in milliseconds. */
const POLL_MS = 50;

/**
 * A window of VS Code.
 *
 * @typedef {object} Window
 * @property {import('playwright-core').Page} page The page; its default timeout is WAIT_LIMIT_MS.
 * @property {string} workspace The folder that is open: an absolute path.
 * @property {string} screenshots The folder for screenshots: an absolute path.
 */

/**
 * Opens a file of the workspace through Quick Open and waits for its text.
 *
 * @param {Window} window The window.
 * @param {string} file The file's path in the workspace, with slashes.
 * @returns {Promise<void>} Rejects when the editor does not show in time.
 */
export async function openFile(window, file) {
  const { page, workspace } = window;
  const folder = path.posix.dirname(file);
  const named = page.locator('.quick-input-widget .monaco-list-row', { hasText: path.posix.basename(file) });
  const row = (folder === '.' ? named : named.filter({ hasText: folder })).first();
  const end = performance.now() + WAIT_LIMIT_MS;
  for (;;) {
    await page.keyboard.press('Control+P');
    // By its whole path: files of one name lie in several folders.
    await page.locator('.quick-input-widget input').first().fill(path.join(workspace, file));
    await row.waitFor();
    await row.click();
    try {
      await editor(window, file).locator('.view-line').first().waitFor({ timeout: OPEN_LIMIT_MS });
      break;
    } catch (error) {
      // The list begins with files that were open before, and the click may have come before the one that is meant.
      if (performance.now() > end) throw error;
    }
  }
  await putPointerAway(page);
}

/**
 * Waits for a squiggle in a shown file.
 *
 * @param {Window} window The window.
 * @param {string} file The file's path in the workspace.
 * @param {'error' | 'warning' | 'info' | 'hint'} [severity] The kind of squiggle.
 * @returns {Promise<void>} Rejects when none shows in time.
 */
export async function waitForSquiggle(window, file, severity = 'warning') {
  await editor(window, file).locator(`.squiggly-${severity}`).first().waitFor();
}

/**
 * Points at a text in a shown file and waits for a hover with some words.
 *
 * @param {Window} window The window.
 * @param {string} file The file's path in the workspace.
 * @param {string} text The text to point at: its first occurrence within one visible line.
 * @param {string} words What the hover must contain.
 * @returns {Promise<string>} The hover's whole text. Rejects when text or hover do not show in time.
 */
export async function hoverOver(window, file, text, words) {
  const { page } = window;
  const hover = page.locator('.monaco-hover:visible', { hasText: words }).first();
  const end = performance.now() + WAIT_LIMIT_MS;
  for (;;) {
    // Asked for anew: the text moves when a code lens comes above it.
    const { x, y } = await placeOf(window, file, text);
    // A hover opens on movement over the text, not on arrival.
    await page.mouse.move(x - 2, y);
    await page.mouse.move(x, y);
    try {
      await hover.waitFor({ timeout: HOVER_LIMIT_MS });
      return await hover.innerText();
    } catch (error) {
      if (performance.now() > end) throw error;
      // A document that has just been opened gives none yet, and a look-up may come too late for the first.
      await putPointerAway(page);
    }
  }
}

/**
 * Closes hovers and menus.
 *
 * @param {Window} window The window.
 * @returns {Promise<void>} Rejects when the page is gone.
 */
export async function dismiss({ page }) {
  await page.keyboard.press('Escape');
}

/**
 * Opens the Quick Fix menu at a text in a shown file.
 *
 * @param {Window} window The window.
 * @param {string} file The file's path in the workspace.
 * @param {string} text The text to put the cursor into.
 * @returns {Promise<string[]>} The titles in the menu. Rejects when no menu shows in time.
 */
export async function openQuickFixes(window, file, text) {
  const { page } = window;
  const rows = page.locator('.action-widget .monaco-list-row.action');
  const end = performance.now() + WAIT_LIMIT_MS;
  for (;;) {
    const { x, y } = await placeOf(window, file, text);
    await page.mouse.click(x, y);
    await page.keyboard.press('Control+.');
    try {
      await rows.first().waitFor({ timeout: OPEN_LIMIT_MS });
      return (await rows.allInnerTexts()).map((title) => title.trim());
    } catch (error) {
      // A file that has just been opened moves when a code lens comes, and that closes the menu.
      if (performance.now() > end) throw error;
      await page.keyboard.press('Escape');
    }
  }
}

/**
 * Chooses an entry of the open Quick Fix menu.
 *
 * @param {Window} window The window.
 * @param {string} title A part of the entry's title.
 * @returns {Promise<void>} Rejects when there is no such entry.
 */
export async function chooseQuickFix({ page }, title) {
  await page.locator('.action-widget .monaco-list-row', { hasText: title }).first().click();
}

/**
 * Saves the shown file and waits for a text in the file on the disk.
 *
 * @param {Window} window The window.
 * @param {string} file The file's path in the workspace.
 * @param {string} text What the file must contain.
 * @returns {Promise<void>} Rejects when the file does not contain the text in time.
 */
export async function save(window, file, text) {
  await window.page.keyboard.press('Control+S');
  await waitForFile(window, file, text);
}

/**
 * Waits for a text in a file on the disk.
 *
 * @param {Window} window The window.
 * @param {string} file The file's path in the workspace.
 * @param {string} text What the file must contain.
 * @returns {Promise<void>} Rejects when the file does not contain the text in time.
 */
export async function waitForFile({ workspace }, file, text) {
  const end = performance.now() + WAIT_LIMIT_MS;
  while (!(await readFile(path.join(workspace, file), 'utf8')).includes(text)) {
    if (performance.now() > end) throw new Error(`${file} on the disk does not contain: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/**
 * Opens the language status of the active editor, and waits for words in our entry.
 *
 * @param {Window} window The window.
 * @param {string} words What the entry must contain.
 * @returns {Promise<string>} The entry's whole text. Rejects when it does not show in time.
 */
export async function openStatus({ page }, words) {
  await page.locator('[id="status.languageStatus"]').hover();
  const entry = page.locator('.hover-language-status:visible', { hasText: words }).first();
  await entry.waitFor();
  return entry.innerText();
}

/**
 * Runs a command through the Command Palette.
 *
 * @param {Window} window The window.
 * @param {string} title The command's title, or the beginning of it.
 * @param {string} [choice] What to choose in the list that the command shows.
 * @returns {Promise<void>} Rejects when there is no such command or choice.
 */
export async function runCommand({ page }, title, choice) {
  await page.keyboard.press('F1');
  for (const words of choice === undefined ? [`>${title}`] : [`>${title}`, choice]) {
    await page.locator('.quick-input-widget input').first().fill(words);
    await page
      .locator('.quick-input-widget .monaco-list-row', { hasText: words.replace(/^>/, '') })
      .first()
      .click();
  }
  await putPointerAway(page);
}

/**
 * Waits for a text anywhere in the window.
 *
 * @param {Window} window The window.
 * @param {string} text The text.
 * @returns {Promise<void>} Rejects when it does not show in time.
 */
export async function waitForText({ page }, text) {
  await page.getByText(text).first().waitFor();
}

/**
 * Waits for a text in a page that an editor shows, such as a Markdown preview.
 *
 * @param {Window} window The window.
 * @param {string} text The text.
 * @returns {Promise<void>} Rejects when it does not show in time.
 */
export async function waitForPage({ page }, text) {
  const inner = page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
  await inner.getByText(text).first().waitFor();
}

/**
 * Closes all editors; what is not saved is lost.
 *
 * @param {Window} window The window.
 * @returns {Promise<void>} Rejects when the page is gone.
 */
export async function closeEditors(window) {
  await runCommand(window, 'View: Close All Editors');
  await window.page.locator('.editor-group-container.empty').first().waitFor();
}

/**
 * Takes a picture of the window.
 *
 * @param {Window} window The window.
 * @param {string} name The file's name without its ending.
 * @returns {Promise<void>} Rejects when the page is gone or the file cannot be written.
 */
export async function screenshot({ page, screenshots }, name) {
  const file = path.join(screenshots, `${name}.png`);
  await page.screenshot({ path: file, animations: 'disabled', caret: 'hide' });
}

/** Where there is nothing to point at: a tooltip would hide what a picture shows. */
async function putPointerAway(page) {
  await page.mouse.move(1, 1);
}

function editorSelector({ workspace }, file) {
  return `.monaco-editor[data-uri$="/${path.basename(workspace)}/${file}"]`;
}

function editor(window, file) {
  return window.page.locator(editorSelector(window, file));
}

/** Waits for a text in a shown file and gives the middle of its place on the page, in pixels. */
async function placeOf(window, file, text) {
  const place = await window.page.waitForFunction(findPlace, { within: editorSelector(window, file), text });
  return place.jsonValue();
}

/**
 * Runs in the page. A line's text is spread over one element for each token, so a range is measured;
 * VS Code writes spaces as no-break spaces.
 */
function findPlace({ within, text }) {
  for (const line of document.querySelectorAll(`${within} .view-line`)) {
    const start = (line.textContent ?? '').replaceAll('\u00a0', ' ').indexOf(text);
    if (start < 0) continue;
    const range = document.createRange();
    const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
    let offset = 0;
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const length = node.textContent.length;
      const from = start - offset;
      const to = from + text.length;
      if (from >= 0 && from < length) range.setStart(node, from);
      if (to > 0 && to <= length) range.setEnd(node, to);
      offset += length;
    }
    const box = range.getBoundingClientRect();
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  }
  return undefined;
}
