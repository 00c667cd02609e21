import { patternOf } from '../support/provenance.ts';
import { good, testCases } from '../support/verify-cases.ts';

testCases([
  [
    'another identity than asked for',
    good,
    ['contradicted', 'asked-identity contradicted'],
    { asked: { identity: patternOf(String.raw`https://github\.com/acme/other/.*`) } },
  ],
  [
    'an expression that matches only the start',
    good,
    ['contradicted', 'asked-identity contradicted'],
    { asked: { identity: patternOf(String.raw`https://github\.com/acme`) } },
  ],
  [
    'an expression that matches only one end of an alternative',
    good,
    ['contradicted', 'asked-identity contradicted'],
    { asked: { identity: patternOf('nothing|https://github') } },
  ],
  [
    'another issuer than asked for',
    good,
    ['contradicted', 'asked-issuer contradicted'],
    { asked: { issuer: 'https://token.actions.example.test/' } },
  ],
  [
    'another repository than asked for',
    good,
    ['contradicted', 'asked-repository contradicted'],
    { asked: { repository: 'https://github.com/acme/widgets' } },
  ],
  [
    'an expression that matches only the end',
    good,
    ['contradicted', 'asked-identity contradicted'],
    { asked: { identity: patternOf('acme/widget/.*') } },
  ],
  [
    'an expression that matches only the other end of an alternative',
    good,
    ['contradicted', 'asked-identity contradicted'],
    { asked: { identity: patternOf(String.raw`nothing|tags/v1\.2\.3`) } },
  ],
]);
