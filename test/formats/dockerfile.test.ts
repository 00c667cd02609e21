import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { ImageReference } from '../../server/src/core/reference.ts';
import type { Span } from '../../server/src/core/span.ts';
import { LineIndex } from '../../server/src/core/text.ts';
import type { DockerImage } from '../../server/src/formats/dockerfile-images.ts';
import { asDockerfile, format } from '../../server/src/formats/dockerfile.ts';
import { sourceFile } from '../support/memory-project.ts';

/** A case of `dockerfile/references.json`; `range` is `line:character-line:character`, zero-based. */
interface Case {
  readonly name: string;
  readonly input: string;
  readonly expect: readonly Readonly<Record<string, unknown>>[];
}

// Written for this project and reviewed against BuildKit's source.
const CASES = JSON.parse(readFileSync('test/formats/dockerfile/references.json', 'utf8')) as readonly Case[];

function imagesOf(text: string): readonly DockerImage[] {
  return asDockerfile(format.parse(sourceFile('Dockerfile', text)))?.images ?? [];
}

function rangeText(lines: LineIndex, span: Span): string {
  const { start, end } = lines.rangeOf(span);
  return `${start.line}:${start.character}-${end.line}:${end.character}`;
}

/** What the data says of a reference, made from what the format says. */
function described(text: string, { reference, stage, forwardStage }: DockerImage): Record<string, unknown> {
  const lines = new LineIndex(text);
  const { image, arguments: args } = reference;
  const all: Record<string, unknown> = {
    kind: reference.place,
    raw: reference.requested,
    vars: reference.variables.length > 0 ? reference.variables : undefined,
    resolved: reference.resolved,
    ref: image && `${image.registry}/${image.repository}`,
    tag: image?.tag,
    digest: image?.digest,
    verdict: reference.verdict,
    reason: reference.reason,
    stage,
    forwardStage: forwardStage || undefined,
    split: reference.editable ? undefined : true,
    range: rangeText(lines, reference.span),
    argRanges: args.length > 0 ? args.map(({ name, span }) => `${name}@${rangeText(lines, span)}`) : undefined,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

for (const { name, input, expect } of CASES) {
  test(`references: ${name}`, () => {
    assert.deepEqual(
      imagesOf(input).map((image) => described(input, image)),
      expect,
    );
  });
}

void (undefined as ImageReference | undefined);
