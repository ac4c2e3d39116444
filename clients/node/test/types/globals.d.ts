// The parts of @types/node that the example uses, so that the check needs nothing from npm.
declare module 'node:http' {
    interface Request extends AsyncIterable<Uint8Array> { headers: { [name: string]: string | string[] | undefined } }
    interface Response { statusCode: number; end(text?: string): void }
    export function createServer(answer: (request: Request, response: Response) => void): { listen(port: number): void };
}
