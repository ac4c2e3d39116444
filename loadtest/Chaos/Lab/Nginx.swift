// An nginx in front of the instances. Frees: its process, in `stop`. Thread: the lab's loop; loop-bound.
import Engine
import Glibc

final class Nginx {
    /// The minimal nginx configuration for rolling restarts. {port}, {servers} and {folder} are filled in.
    ///
    /// GET requests use kept connections; if one breaks, nginx tries the next instance by itself. A POST may be sent
    /// once only, so nginx tries the next instance only after a refused connection, never with `non_idempotent`. A kept
    /// connection may break at the moment of its reuse: therefore POSTs have an upstream without `keepalive`
    /// (`Connection: close` alone would still use a kept one). `max_fails=0`: nginx tries a restarting instance again
    /// at once.
    static let minimal = """
        daemon off;
        pid {folder}/nginx.pid;
        error_log {folder}/nginx-error.log notice;
        events { worker_connections 1024; }
        http {
            access_log {folder}/nginx-access.log;
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
            uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
            upstream service { {servers} keepalive 16; }
            upstream service_once { {servers} }
            map $request_method $upstream { POST service_once; default service; }
            map $request_method $upstream_connection { POST close; default ""; }
            server {
                listen 127.0.0.1:{port};
                client_max_body_size 0;
                location / {
                    proxy_pass http://$upstream;
                    proxy_http_version 1.1;
                    proxy_set_header Connection $upstream_connection;
                    proxy_set_header Host $host;
                    proxy_set_header X-Forwarded-For $remote_addr;
                    proxy_next_upstream error;
                    proxy_read_timeout 310s;
                }
            }
        }
        """

    let port: Int
    private let process: ChildProcess

    /// - Parameter template: a configuration with the placeholders {port}, {servers} and {folder}.
    init(_ program: String, template: String, before instances: [Instance], folder: String, on loop: Loop) throws {
        port = try Lab.freePort(on: loop)
        let servers = instances.map { "server 127.0.0.1:\($0.port) max_fails=0;" }.joined(separator: " ")
        let text = template.replacing("{port}", with: "\(port)").replacing("{servers}", with: servers)
            .replacing("{folder}", with: folder)
        let path = "\(folder)/nginx.conf"
        try ReportFolder.write(Array(text.utf8), to: path)
        process = try ChildProcess(
            program, ["-p", folder, "-c", path], environment: ["PATH": "/usr/bin:/bin"], log: "\(folder)/nginx.log",
            on: loop)
    }

    var baseURL: String { "http://127.0.0.1:\(port)" }
    var isRunning: Bool { process.poll() == nil }

    func stop() async {
        process.send(signal: SIGTERM)
        _ = try? await process.wait(atMost: 10)
    }
}
