// objects.mjs: read all objects of a bucket with NATS's own client, and print what it says of each, a
// line of JSON an object.
//
//   node objects.mjs FOLDER SERVER BUCKET
//
// FOLDER has the node_modules.  An object whose digest is wrong is an error of the client's.
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';

const [folder, servers, bucket] = process.argv.slice(2);
const { connect } = createRequire(folder + '/')('nats');
const connection = await connect({ servers });
const store = await connection.jetstream().views.os(bucket);
for (const { name } of await store.list()) {
	const info = await store.info(name);
	const bytes = await store.getBlob(name);
	console.log(JSON.stringify({
		name,
		size: bytes.length,
		sha256: createHash('sha256').update(bytes).digest('hex'),
		link: info.options.link?.name,
		headers: info.headers.toRecord(),
	}));
}
await connection.close();
