// A TCP proxy that forwards requests and loses replies: it waits until the server has answered, then closes.
import { once } from 'node:events';
import net from 'node:net';

/** @param lose number of connections whose replies are lost. @returns `{url, lost()}` */
export async function losingProxy(t, target, lose) {
    const { hostname, port } = new URL(target);
    let lost = 0;
    const sockets = new Set();
    const server = net.createServer((client) => {
        const upstream = net.connect(Number(port), hostname);
        for (const socket of [client, upstream]) {
            sockets.add(socket);
            socket.on('error', () => {});
            socket.on('close', () => {
                sockets.delete(socket);
                client.destroy();
                upstream.destroy();
            });
        }
        client.pipe(upstream);
        if (lost >= lose) return upstream.pipe(client);
        upstream.once('data', () => {
            lost += 1;
            client.destroy();
        });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
        sockets.forEach((socket) => socket.destroy());
        server.close();
    });
    return { url: `http://127.0.0.1:${server.address().port}`, lost: () => lost };
}
