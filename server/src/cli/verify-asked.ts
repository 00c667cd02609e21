import type { Asked } from '../core/asked-origin.ts';
import { demandFor, type NamedPackage, type ProvenanceDemand, type ProvenanceDemands } from '../core/provenance-demand.ts';
import type { Requirement, VerifyArgs } from './verify-args.ts';

/** Who asked for something. */
export type AskedBy = 'option' | 'policy' | 'default';

/** What one package must have, and who says so. */
export interface PackageAsked {
  readonly require: Requirement;
  readonly requireBy: AskedBy;
  /** What the origin must be: an option counts more than the same key of the policy. */
  readonly origin: Asked;
  /** The entry of the policy, where it has one for the package. */
  readonly demand?: ProvenanceDemand;
}

/** What is asked of a package: `--require` is for what the policy has no entry for. */
export function askedOf(args: VerifyArgs, demands: ProvenanceDemands, named: NamedPackage): PackageAsked {
  const demand = demandFor(demands, named);
  const [repository, issuer, identity] = [
    args.repository ?? demand?.repository,
    args.issuer ?? demand?.issuer,
    args.identity ?? demand?.identity,
  ];
  return {
    require: demand === undefined ? args.require : 'provenance',
    requireBy: demand !== undefined ? 'policy' : args.isRequireGiven ? 'option' : 'default',
    origin: {
      ...(repository === undefined ? {} : { repository }),
      ...(issuer === undefined ? {} : { issuer }),
      ...(identity === undefined ? {} : { identity }),
    },
    ...(demand === undefined ? {} : { demand }),
  };
}

/** One thing that is asked for: `name` is the policy's key and, with hyphens, the option. */
interface Piece {
  readonly name: 'repository' | 'issuer' | 'identityRegexp';
  readonly value: string;
  readonly by: 'option' | 'policy';
}

/** What the origin must be, piece by piece. */
export function askedPieces({ origin, demand }: PackageAsked): Piece[] {
  const { repository, issuer, identity } = origin;
  const by = (isPolicy: boolean): Piece['by'] => (isPolicy ? 'policy' : 'option');
  return [
    ...(repository === undefined ? [] : [{ name: 'repository', value: repository, by: by(repository === demand?.repository) } as const]),
    ...(issuer === undefined ? [] : [{ name: 'issuer', value: issuer, by: by(issuer === demand?.issuer) } as const]),
    ...(identity === undefined ? [] : [{ name: 'identityRegexp', value: identity.source, by: by(identity === demand?.identity) } as const]),
  ];
}

/** What was asked, for machines. */
export function askedMembers(asked: PackageAsked): object {
  const { require, requireBy, demand } = asked;
  return {
    require: { value: require, by: requireBy },
    ...Object.fromEntries(askedPieces(asked).map(({ name, value, by }) => [name, { value, by }])),
    ...(demand === undefined ? {} : { policy: { match: demand.match, ...(demand.reason === undefined ? {} : { reason: demand.reason }) } }),
  };
}
