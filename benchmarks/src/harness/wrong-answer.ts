// SPDX-License-Identifier: MIT

/** A subject answered otherwise than the baseline of its case: one of the two is wrong, and no time of either says anything. */
export class WrongAnswer extends Error {
  override readonly name = 'WrongAnswer';

  constructor(where: { table: string; case: string; baseline: string; subject: string }, expected: number, answer: number) {
    super(
      `table ${where.table}, case '${where.case}': ${where.subject} answers ${answer}, the baseline ${where.baseline} ${expected}; ` +
        'nothing of this case was kept. Run the case with the two alone and compare what they see',
    );
  }
}
