//! @NAME@: POST /@NAME@ keeps the body as one message of a durable stream and answers its sequence;
//! DELETE /@NAME@ takes the oldest message out and answers it.
//!
//! Callers need no credential: plugins.@NAME@.anonymous_namespace in switchyard.yaml names their namespace.

mod switchyard;
use switchyard::*;

struct ThisPlugin {
    host: Host,
}

impl Plugin for ThisPlugin {
    fn create(host: Host) -> Result<Self, Failure> {
        Ok(ThisPlugin { host })
    }
    /// The section of this plugin as JSON.  It has no keys yet: name them in config_keys below.
    fn configure(&self, _json: &str, _dry_run: bool) -> Result<(), Failure> {
        Ok(())
    }
    fn start(&self, host: Host) -> Result<(), Failure> {
        host.route::<ThisPlugin>("POST", "/@NAME@")?;
        host.route::<ThisPlugin>("DELETE", "/@NAME@")
    }
    fn handle(&self, request: Request, reply: Reply) {
        let Some(ns) = self.host.anonymous_namespace() else {
            return reply.text(403, b"set plugins.@NAME@.anonymous_namespace to let callers in\n");
        };
        // What a completion needs is moved into it: the request is lent only until this returns.
        let body = (request.method() == b"POST").then(|| request.body().to_vec());
        Queue::open(self.host, ns, "@NAME@/messages", "reader", 30_000, move |queue| match (queue, body) {
            (Ok(queue), Some(body)) => add(queue, &body, reply),
            (Ok(queue), None) => take(queue, reply),
            (Err(why), _) => reply.refuse(&why),
        });
    }
}

fn add(queue: Queue, body: &[u8], reply: Reply) {
    queue.append(body, move |added| match added {
        Ok(sequence) => reply.text(201, &number(sequence)), // It is on disk now.
        Err(why) => reply.refuse(&why),
    });
}

fn take(queue: Queue, reply: Reply) {
    queue.take(move |taken| match taken {
        Ok(Some((token, body))) => {
            let body = body.to_vec();
            queue.ack(token, move |acked| match acked {
                Ok(()) => reply.text(200, &body),
                Err(why) => reply.refuse(&why), // It comes back when its lease ends.
            });
        }
        Ok(None) => reply.text(204, b""),
        Err(why) => reply.refuse(&why),
    });
}

fn number(n: u64) -> Vec<u8> {
    format!("{n}\n").into_bytes()
}

switchyard_plugin!(ThisPlugin,
    id: "com.example.@NAME@", name: "@NAME@", version: "0.1.0", vendor: "Example", license: "Apache-2.0",
    summary: "Keeps messages and gives them back", config_keys: "{}");

#[cfg(test)]
mod tests {
    #[test]
    fn a_number_is_a_line() {
        assert_eq!(super::number(7), b"7\n");
    }
}
