// SPDX-License-Identifier: MIT
// The region below stands in README.md word for word; readme.test.ts compares the two and checks what it computes.
// #region example
import { eventText, parseHistory, runHistory } from '@sda-lab/conformance';
import { createNotifierWithReturnList, notifierList } from '@sda-lab/notifier-list';

const list = createNotifierWithReturnList<string>(); // QEMU's: newest first, and the first refusal ends the walk
const heard: string[] = [];
list.add((event) => (heard.push(`the older hears of ${event}`), -16));
list.add((event) => (heard.push(`the newer hears of ${event}`), 0));
const answer = list.notify('a sharing'); // -16, and the newer is not told that it was refused
export const plain = [...heard, `the answer is ${answer}`];
const history = parseHistory('attach(c0); refuse(c0,map,2,ENOMEM); convert(0+2,shared)');
export const events = runHistory(notifierList, history, { record: true }).steps[2]!.events.map(eventText);
// #endregion
