// duckdb.mjs: run SQL with DuckDB and print what each query gives, a line of JSON a query.
//
//   node duckdb.mjs FOLDER FILE ... -- QUERY ...
//
// The files are read first; file names in SQL are those of the present folder.  FOLDER has the
// node_modules.  TRAP_DUCKDB_THREADS: as many threads.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const [folder, ...rest] = process.argv.slice(2);
const dash = rest.indexOf('--');
const { DuckDBInstance } = createRequire(folder + '/')('@duckdb/node-api');
const threads = process.env.TRAP_DUCKDB_THREADS;
const instance = await DuckDBInstance.create(':memory:', threads ? { threads } : {});
const connection = await instance.connect();
for (const file of rest.slice(0, dash)) await connection.run(readFileSync(file, 'utf8'));
for (const query of rest.slice(dash + 1)) {
	const reader = await connection.runAndReadAll(query);
	console.log(JSON.stringify({ columns: reader.columnNames(), rows: reader.getRowsJson() }));
}
