// SPDX-License-Identifier: MIT
// Loaded before npm: connections to the test's registry go to its socket; nothing else is touched.
'use strict';
const { Socket } = require('node:net');

const connect = Reflect.get(Socket.prototype, 'connect');
const socket = process.env.SDA_LAB_TEST_REGISTRY;

Socket.prototype.connect = function connectToRegistry(...args) {
  // net.connect hands over its arguments as one array, net.Socket users as they are.
  const options = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (options?.host !== 'registry.invalid') return connect.apply(this, args);
  const there = { path: socket };
  if (Array.isArray(args[0])) args[0][0] = there;
  else args[0] = there;
  return connect.apply(this, args);
};
