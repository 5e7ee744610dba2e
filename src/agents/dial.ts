import type Dockerode from 'dockerode';

export interface DialRequest {
  method: 'GET' | 'POST';
  /** Without the query: `/containers/1/attach`. */
  path: string;
  query?: Record<string, string | boolean>;
  abortSignal: AbortSignal;
  /** Resolves at the response's headers, with the stream of its body. */
  stream?: boolean;
  /** Turns the connection into the container's stdio, and resolves with its socket. */
  hijack?: boolean;
}

/**
 * One request as dockerode cannot make it: its `info` cannot be aborted, its `attach` sends the options as a body
 * (which Podman hands to the agent's stdin), its `wait` does not tell when the engine has begun to wait.
 */
export function dial(docker: Dockerode, request: DialRequest): Promise<unknown> {
  const { method, path, query = {}, abortSignal, stream = false, hijack = false } = request;
  return new Promise((resolve, reject) => {
    docker.modem.dial(
      {
        method,
        path: `${path}?`,
        // The body is left empty; what stands in `_query` goes into the URL.
        options: { _query: query, _body: {} },
        abortSignal,
        isStream: stream || hijack,
        hijack,
        openStdin: hijack,
        ...(hijack ? { file: Buffer.alloc(0), headers: { 'Content-Type': 'text/plain' } } : {}),
        statusCodes: { 200: true, 404: 'not found', 409: 'conflict', 500: 'server error' },
      },
      (error: Error | null, result: unknown) => {
        if (error) reject(error);
        else resolve(result);
      },
    );
  });
}
