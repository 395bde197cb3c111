import { benchIndexedDb } from "../indexeddb.ts";

process.stdout.write(`${JSON.stringify(await benchIndexedDb())}\n`);
