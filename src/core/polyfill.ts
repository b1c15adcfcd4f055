/**
 * `Promise.withResolvers` (ECMAScript 2024) for Node 20, which lacks it and without which libp2p 3 does not start.
 * A side effect: import this file before anything of libp2p.
 */
if (!("withResolvers" in Promise)) {
  Object.defineProperty(Promise, "withResolvers", {
    configurable: true,
    writable: true,
    value: function withResolvers<Value>(this: PromiseConstructor) {
      const settle = {} as { resolve: (value: Value | PromiseLike<Value>) => void; reject: (reason?: unknown) => void };
      const promise = new this<Value>((resolve, reject) => Object.assign(settle, { resolve, reject }));
      return { promise, ...settle };
    },
  });
}
