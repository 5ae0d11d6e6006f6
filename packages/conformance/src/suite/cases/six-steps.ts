// SPDX-License-Identifier: MIT
import { family } from '../conformance-case.ts';

const RFC = '[RFC PATCH 0/6] Enable shared device assignment, 20240725072118.358923-1, "Problem"';
const RECORDED = 'recording stale-type1-7.2, S1';
const six = family({ prefix: 'six-steps', source: RFC, basis: 'observed', needs: ['assignment'] });

/** The sequence the RFC opens with, and its close relatives. */
export const SIX_STEPS = [
  six.written(
    'device-reads-what-the-guest-wrote',
    'coherent',
    'after the six steps the device reads what the guest wrote last',
    'attach(c0); convert(0+1,shared); touch(0); convert(0+1,private); convert(0+1,shared); touch(0); dma(c0,0,read)',
    { answers: { 7: '0 0xa2' } },
  ),
  six.written(
    'device-write-reaches-the-guest',
    'coherent',
    'after the six steps a device write is what the guest reads',
    'attach(c0); convert(0+1,shared); touch(0); convert(0+1,private); convert(0+1,shared); dma(c0,0,write); dma(c0,0,read)',
    { answers: { 7: '0 0xa2' }, source: RECORDED },
  ),
  six.written(
    'private-page-is-out-of-reach',
    'isolated',
    'between step 3 and step 4 the device reaches nothing',
    'attach(c0); convert(0+1,shared); touch(0); convert(0+1,private); dma(c0,0,read)',
    { isNegative: true, answers: { 5: '-EFAULT' }, source: RECORDED },
  ),
  six.written(
    'neighbours-keep-their-frames',
    'coherent',
    'a page converted back and forth leaves its neighbours alone',
    'attach(c0); convert(0+3,shared); touch(0); touch(2); convert(1+1,private); convert(1+1,shared); dma(c0,0,read); dma(c0,2,read)',
    { answers: { 7: '0 0xa1', 8: '0 0xa2' }, source: 'recording stale-type1-7.2, G1' },
  ),
  six.written(
    'mapping-before-first-touch-is-right',
    'coherent',
    'a page mapped before its first touch is the one the guest touches',
    'attach(c0); convert(0+1,shared); dma(c0,0,write); touch(0); dma(c0,0,read)',
    { answers: { 5: '0 0xa2' }, source: 'recording stale-type1-7.2, C2' },
  ),
  six.written(
    'twice-around-is-as-good-as-once',
    'coherent',
    'two rounds of the six steps leave the device on the new frame',
    'attach(c0); convert(0+1,shared); touch(0); convert(0+1,private); touch(0); convert(0+1,shared); touch(0); convert(0+1,private); convert(0+1,shared); touch(0); dma(c0,0,read)',
    { answers: { 11: '0 0xa4' } },
  ),
  six.written(
    'two-containers-agree',
    'coherent',
    'after the six steps two containers reach the same frame',
    'attach(c0); attach(c1); convert(0+1,shared); touch(0); convert(0+1,private); convert(0+1,shared); touch(0); dma(c0,0,read); dma(c1,0,read)',
    { answers: { 8: '0 0xa2', 9: '0 0xa2' } },
  ),
];
