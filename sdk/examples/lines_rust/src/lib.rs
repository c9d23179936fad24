//! A line-based work queue in Rust: POST /lines/NAME with one line, answered by one line.
//!
//!   put TEXT    -> "put SEQUENCE"     the text is on disk
//!   take        -> "line TOKEN TEXT"  leased for 30 s; "empty" when there is nothing
//!   done TOKEN  -> "done"             the text is gone; "gone" when it was, or its lease had ended
//!
//! Each NAME is a durable stream.  Callers need no credential: the operator names their namespace in
//! plugins.lines.anonymous_namespace.

mod switchyard;
use switchyard::*;

struct Lines {
    host: Host,
}

impl Plugin for Lines {
    fn create(host: Host) -> Result<Self, Failure> {
        Ok(Lines { host })
    }
    fn configure(&self, _json: &str, _dry_run: bool) -> Result<(), Failure> {
        Ok(()) // It has no keys of its own.
    }
    fn start(&self, host: Host) -> Result<(), Failure> {
        host.route::<Lines>("POST", "/lines/*")
    }
    fn handle(&self, request: Request, reply: Reply) {
        let Some(ns) = self.host.anonymous_namespace() else {
            return reply.text(403, b"set plugins.lines.anonymous_namespace to let callers in\n");
        };
        let Ok(name) = std::str::from_utf8(&request.path()[1..]) else {
            return reply.text(400, b"the name is not UTF-8\n");
        };
        // The queue may have to be made first, and the request is lent only until then.
        let line = request.body().strip_suffix(b"\n").unwrap_or(request.body()).to_vec();
        Queue::open(self.host, ns, name, "taker", 30_000, move |queue| match queue {
            Ok(queue) => run(queue, &line, reply),
            Err(why) => reply.refuse(&why),
        });
    }
}

fn run(queue: Queue, line: &[u8], reply: Reply) {
    if line == b"take" {
        return take(queue, reply);
    }
    match (line.strip_prefix(b"put "), line.strip_prefix(b"done ")) {
        (Some(text), _) if !text.is_empty() => queue.append(text, move |put| match put {
            Ok(sequence) => reply.text(200, format!("put {sequence}\n").as_bytes()),
            Err(why) => reply.refuse(&why),
        }),
        (_, Some(token)) => done(queue, token, reply),
        _ => reply.text(400, b"say put TEXT, take or done TOKEN\n"),
    }
}

fn take(queue: Queue, reply: Reply) {
    queue.take(move |taken| match taken {
        Ok(Some((token, text))) => {
            let head = format!("line {} ", queue.seal(token));
            reply.text(200, &[head.as_bytes(), text, b"\n"].concat());
        }
        Ok(None) => reply.text(200, b"empty\n"),
        Err(why) => reply.refuse(&why),
    });
}

fn done(queue: Queue, token: &[u8], reply: Reply) {
    let Some(token) = queue.unseal(token) else {
        return reply.text(400, b"this is no token of this queue\n");
    };
    queue.ack(token, move |acked| match acked {
        Ok(()) => reply.text(200, b"done\n"),
        Err(Failure(SW_NOT_FOUND | SW_CONFLICT, _)) => reply.text(200, b"gone\n"),
        Err(why) => reply.refuse(&why),
    });
}

switchyard_plugin!(Lines,
    id: "com.example.lines", name: "lines", version: "1.0.0", vendor: "Example", license: "Apache-2.0",
    summary: "A line-based work queue", config_keys: "{}");
