import { type MappedText, movedText } from '../core/mapped-text.ts';
import type { CommandList, Group, Pipeline, Redirection, ShellNode, SimpleCommand, Substitution, Word } from './shell-tree.ts';

/**
 * Makes the commands of a text for the same text at another place, so many characters further down. What knows no place of the
 * document (words without commands in them) is not copied but shared.
 */
export class ShellMover {
  readonly #by: number;
  #from: MappedText | undefined;
  #to: MappedText | undefined;

  constructor(by: number) {
    this.#by = by;
  }

  /** The text of some commands; one object for one object, as long as they come one behind the other. */
  text(source: MappedText): MappedText {
    if (this.#to === undefined || this.#from !== source) {
      this.#from = source;
      this.#to = movedText(source, this.#by);
    }
    return this.#to;
  }

  list(list: CommandList): CommandList {
    return list.map((pipeline): Pipeline => ({ ...pipeline, commands: pipeline.commands.map((node) => this.#node(node)) }));
  }

  command(command: SimpleCommand): SimpleCommand {
    const { dialect, start, end } = command;
    return {
      kind: 'simple',
      source: this.text(command.source),
      dialect,
      start,
      end,
      assignments: this.#words(command.assignments),
      words: this.#words(command.words),
      redirections: this.#redirections(command.redirections),
    };
  }

  #node(node: ShellNode): ShellNode {
    if (node.kind === 'simple') return this.command(node);
    const group: Group = { ...node, body: this.list(node.body), redirections: this.#redirections(node.redirections) };
    return group;
  }

  #words(words: readonly Word[]): readonly Word[] {
    return words.every(holdsNoCommands) ? words : words.map((word) => this.#word(word));
  }

  #word(word: Word): Word {
    return holdsNoCommands(word) ? word : { ...word, substitutions: word.substitutions.map((one) => this.#substitution(one)) };
  }

  #substitution(substitution: Substitution): Substitution {
    return { ...substitution, body: this.list(substitution.body) };
  }

  #redirections(redirections: readonly Redirection[]): readonly Redirection[] {
    if (redirections.every(({ target }) => target === undefined || holdsNoCommands(target))) return redirections;
    return redirections.map((one) => ({ ...one, target: one.target && this.#word(one.target) }));
  }
}

function holdsNoCommands({ substitutions }: Word): boolean {
  return substitutions.length === 0;
}
