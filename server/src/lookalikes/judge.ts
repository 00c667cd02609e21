import type { Ecosystem, Lookalike, LookalikeJudge } from '../core/lookalike.ts';
import { remember } from '../core/remember.ts';
import { ComboNames } from './combo.ts';
import { type LookalikeData, readData } from './data.ts';
import { NpmNames } from './npm.ts';
import { PypiNames } from './pypi.ts';
import { ActionNames, ImageNames } from './slugs.ts';

/** How many verdicts of an ecosystem are remembered: as many as the names in a large lockfile, which are asked for at each key. */
const REMEMBERED = 65_536;

/** A judge over the data file; undefined where it is not one of this version. Each ecosystem's tables are made when it is first asked for. */
export function createJudge(file: Uint8Array): LookalikeJudge | undefined {
  const data = readData(file);
  if (data === undefined) return undefined;
  const judges = new Map<Ecosystem, (name: string) => Lookalike | undefined>();
  let combosquat: ((name: string) => Lookalike | undefined) | undefined;
  return {
    date: data.date,
    sources: data.sources,
    judge: (ecosystem, name) => {
      let judge = judges.get(ecosystem);
      if (judge === undefined) {
        const made = judgeOf(ecosystem, data);
        judge = remember((asked) => made.judge(asked), REMEMBERED);
        judges.set(ecosystem, judge);
      }
      return judge(name);
    },
    combosquat: (ecosystem, name) => {
      if (ecosystem !== 'npm') return undefined;
      combosquat ??= comboJudge(data);
      return combosquat(name);
    },
  };
}

function comboJudge(data: LookalikeData): (name: string) => Lookalike | undefined {
  const made = new ComboNames(data);
  return remember((asked) => made.judge(asked), REMEMBERED);
}

function judgeOf(ecosystem: Ecosystem, data: LookalikeData): { judge(name: string): Lookalike | undefined } {
  switch (ecosystem) {
    case 'npm':
      return new NpmNames(data);
    case 'pypi':
      return new PypiNames(data);
    case 'actions':
      return new ActionNames(data);
    case 'oci':
      return new ImageNames(data);
  }
}
