/**
 * Where answers wait: one object store in IndexedDB, keyed by the answer's idempotency key.
 * Where the browser refuses IndexedDB (some private windows), memory; `durable` tells which.
 */

const DATABASE = "consonance";
const STORE = "ratings";

function asPromise(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function memoryStore() {
  return {
    durable: false,
    all: async () => [],
    put: async () => {},
    remove: async () => {},
  };
}

export async function openStore() {
  let database;
  try {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "key" });
    database = await asPromise(opening);
  } catch {
    return memoryStore();
  }
  // Another tab with a newer page may want to upgrade: let it.
  database.onversionchange = () => database.close();
  const store = (mode) => database.transaction(STORE, mode).objectStore(STORE);
  return {
    durable: true,
    all: () => asPromise(store("readonly").getAll()),
    put: (item) => asPromise(store("readwrite").put(item)),
    remove: (key) => asPromise(store("readwrite").delete(key)),
  };
}
