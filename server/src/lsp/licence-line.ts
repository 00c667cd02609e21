import type { FullVersion, Packument } from '../core/npm-facts.ts';
import type { Locked } from '../formats/locked.ts';
import { type CardLine, codeLine, STRIPPED, textLine, unknownLine } from './card.ts';

const LABEL = 'Licence';

/** The licence as the package itself names it, mostly by an expression of SPDX; not judged, and not compared with what lies in the package. */
export function licenceLine({ license }: FullVersion, { isStripped }: Packument, locked: Locked | undefined): CardLine {
  const [recorded] = recordedLicence(locked);
  if (license === undefined || license.trim() === '')
    return recorded ?? (isStripped ? unknownLine(LABEL, STRIPPED) : textLine(LABEL, 'none is named'));
  const other = recorded === undefined || recorded.value === license ? '' : `; the lockfile says ${recorded.value}`;
  return codeLine(LABEL, license, `by the registry${other}`);
}

/** The licence that a lockfile keeps (npm's, from version 2 on), for where no registry is heard. */
export function recordedLicence(locked: Locked | undefined): CardLine[] {
  const license = locked?.lock.licenseOf?.(locked.entry);
  return license === undefined ? [] : [codeLine(LABEL, license, 'by the lockfile')];
}
