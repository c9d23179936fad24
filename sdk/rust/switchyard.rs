//! The plugin ABI of Switchyard for Rust: the structs of switchyard/plugin.h, and a thin layer over them.
//!
//! Copy this file into your crate; it needs nothing but std.  The declarations keep the names of plugin.h,
//! whose comments are the contract; tests/abi/rust_layout.py of the server's tree compares every offset.
//! Not declared: accounts/1.
//!
//! Panics stop at the seam: what a callback panics with is caught and, for a request, answered with 500.
//!
//! Thread: as plugin.h says; one instance serves all lanes, so a Plugin is Sync.
#![allow(non_camel_case_types, dead_code)]

use std::cell::Cell;
use std::ffi::{c_char, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr;

// ---- statuses and constants -----------------------------------------------------------------------------

pub type sw_status = i32;
pub const SW_OK: sw_status = 0;
pub const SW_INVALID: sw_status = 1;
pub const SW_NOT_FOUND: sw_status = 2;
pub const SW_EXISTS: sw_status = 3;
pub const SW_UNAUTHENTICATED: sw_status = 4;
pub const SW_DENIED: sw_status = 5;
pub const SW_QUOTA: sw_status = 6;
pub const SW_BUSY: sw_status = 7;
pub const SW_TIMEOUT: sw_status = 8;
pub const SW_CANCELLED: sw_status = 9;
pub const SW_UNSUPPORTED: sw_status = 10;
pub const SW_CONFLICT: sw_status = 11;
pub const SW_CORRUPT: sw_status = 12;
pub const SW_IO: sw_status = 13;
pub const SW_STOPPING: sw_status = 14;
pub const SW_INTERNAL: sw_status = 15;
pub const SW_UNKNOWN_OUTCOME: sw_status = 16;

pub const SW_ABI_GENERATION: u32 = 1;
pub const SW_ABI_REVISION: u32 = 4;
pub const SW_STORAGE_FILE: u32 = 0;
pub const SW_STORAGE_MEMORY: u32 = 1;
pub const SW_RETAIN_LIMITS: u32 = 0;
pub const SW_RETAIN_WORKQUEUE: u32 = 1;
pub const SW_RETAIN_INTEREST: u32 = 2;
pub const SW_DEFAULT_ACK_WAIT: u32 = 0xffff_ffff;
pub const SW_ACK_STRICT: u32 = 1;
pub const SW_SEALED_BYTES: usize = 32;
pub const SW_KV_ANY: u64 = u64::MAX;

pub const SW_EXT_LOG: &[u8] = b"switchyard.log/1\0";
pub const SW_EXT_CLOCK: &[u8] = b"switchyard.clock/1\0";
pub const SW_EXT_AUTH: &[u8] = b"switchyard.auth/1\0";
pub const SW_EXT_HTTP: &[u8] = b"switchyard.http/1\0";
pub const SW_EXT_STREAM: &[u8] = b"switchyard.stream/1\0";
pub const SW_EXT_KV: &[u8] = b"switchyard.kv/1\0";
pub const SW_EXT_METRICS: &[u8] = b"switchyard.metrics/1\0";
pub const SW_EXT_LISTEN: &[u8] = b"switchyard.listen/1\0";
pub const SW_EXT_BUS: &[u8] = b"switchyard.bus/1\0";

// ---- the structs ----------------------------------------------------------------------------------------

macro_rules! c_structs {
    ($($name:ident { $($member:ident: $kind:ty),* $(,)? })*) => {
        $(#[repr(C)] #[derive(Clone, Copy)] pub struct $name { $(pub $member: $kind),* })*
        /// (struct, member, offset) of everything declared here, and ("struct", "", size).
        pub fn layout() -> Vec<(&'static str, &'static str, usize)> {
            let mut all = Vec::new();
            $($(all.push((stringify!($name), stringify!($member), std::mem::offset_of!($name, $member)));)*
              all.push((stringify!($name), "", std::mem::size_of::<$name>()));)*
            all
        }
    };
}

pub enum sw_namespace {}
pub enum sw_http_exchange {}
pub enum sw_counter {}
pub enum sw_conn {}
pub enum sw_subscription {}
pub enum sw_publisher {}
pub type sw_stream_id = u64;
pub type sw_timer = u64;
pub type sw_fetch_id = u64;
type Host_ = *const sw_host;
type Ns = *mut sw_namespace;
type User = *mut c_void;
type Err = *const sw_error;

pub type sw_done = unsafe extern "C" fn(User, sw_status, Err);
pub type sw_stream_done = unsafe extern "C" fn(User, sw_status, *const sw_stream_info, Err);
pub type sw_append_done = unsafe extern "C" fn(User, sw_status, *const *const sw_appended, usize, Err);
pub type sw_fetch_done = unsafe extern "C" fn(User, sw_status, *const *const sw_delivery, usize, Err);
pub type sw_tokens_done = unsafe extern "C" fn(User, sw_status, *const sw_status, usize, Err);
pub type sw_state_done = unsafe extern "C" fn(User, sw_status, *const sw_stream_state, Err);
pub type sw_move_done = unsafe extern "C" fn(User, sw_status, u32, Err);
pub type sw_kv_done = unsafe extern "C" fn(User, sw_status, u64, Err);

c_structs! {
    sw_str { data: *const u8, len: usize }
    sw_bytes { data: *const u8, len: usize }
    sw_pair { name: sw_str, value: sw_str }
    sw_token { seq: u64, attempt: u32, reserved: u32 }
    sw_error { size: u32, code: sw_status, retry_after_ms: u32, reserved: u32, message: [c_char; 240] }
    sw_host {
        size: u32, generation: u32, revision: u32, lanes: u32, host: User, version: sw_str,
        extension: unsafe extern "C" fn(Host_, *const c_char) -> *const c_void,
    }
    sw_info {
        size: u32, flags: u32, id: *const c_char, name: *const c_char, version: *const c_char,
        vendor: *const c_char, license: *const c_char, summary: *const c_char,
        requires_: *const *const c_char, optional: *const *const c_char, config_keys: *const c_char,
    }
    sw_plugin {
        size: u32, reserved: u32,
        create: unsafe extern "C" fn(Host_, *mut User, *mut sw_error) -> sw_status,
        configure: unsafe extern "C" fn(User, sw_str, u32, *mut sw_error) -> sw_status,
        start: unsafe extern "C" fn(User, *mut sw_error) -> sw_status,
        lane_start: Option<unsafe extern "C" fn(User, u32, *mut User, *mut sw_error) -> sw_status>,
        lane_stop: Option<unsafe extern "C" fn(User, u32, User)>,
        lane_drain: Option<unsafe extern "C" fn(User, u32, User)>,
        stop: unsafe extern "C" fn(User),
        destroy: unsafe extern "C" fn(User),
        extension: Option<unsafe extern "C" fn(User, *const c_char) -> *const c_void>,
    }
    sw_entry {
        size: u32, generation: u32, built_revision: u32, min_revision: u32,
        info: *const sw_info, plugin: *const sw_plugin,
    }
    sw_log_api {
        size: u32, reserved: u32,
        enabled: unsafe extern "C" fn(Host_, u32) -> i32,
        write: unsafe extern "C" fn(Host_, u32, sw_str, *const sw_pair, usize),
    }
    sw_clock_api {
        size: u32, reserved: u32,
        wall_ms: unsafe extern "C" fn(Host_) -> i64,
        mono_ms: unsafe extern "C" fn(Host_) -> i64,
        start: unsafe extern "C" fn(Host_, u32, unsafe extern "C" fn(User), User) -> sw_timer,
        cancel: unsafe extern "C" fn(Host_, sw_timer),
        post: unsafe extern "C" fn(Host_, u32, unsafe extern "C" fn(User, User), User),
        random: unsafe extern "C" fn(Host_, User, usize),
    }
    sw_principal {
        size: u32, permissions: u32, ns: Ns, credential_id: sw_str, credential_name: sw_str,
        expires_ms: i64,
    }
    sw_namespace_info {
        size: u32, max_message_bytes: u32, id: sw_str, name: sw_str, protocol: sw_str, style: sw_str,
        owner: sw_str, region: sw_str, public_url: sw_str, signing_key: sw_str,
    }
    sw_mac_check {
        size: u32, reserved: u32, access_key: sw_str, date: sw_str, region: sw_str, service: sw_str,
        string_to_sign: sw_str, signature: sw_str,
    }
    sw_auth_api {
        size: u32, reserved: u32,
        verify_mac: unsafe extern "C" fn(Host_, *const sw_mac_check, *mut *const sw_principal) -> sw_status,
        anonymous: unsafe extern "C" fn(Host_, *mut *const sw_principal) -> sw_status,
        describe: unsafe extern "C" fn(Host_, Ns, *mut *const sw_namespace_info) -> sw_status,
        namespaces: Option<unsafe extern "C" fn(
            Host_, unsafe extern "C" fn(User, Ns, *const sw_namespace_info) -> i32, User)>,
        watch: Option<unsafe extern "C" fn(Host_, unsafe extern "C" fn(User, User, sw_str, u32), User) -> sw_status>,
        find_namespace: Option<unsafe extern "C" fn(Host_, sw_str, *mut Ns, *mut *const sw_namespace_info) -> sw_status>,
        find_public: Option<unsafe extern "C" fn(Host_, sw_str, *mut *const sw_principal) -> sw_status>,
    }
    sw_http_request {
        size: u32, flags: u32, method: sw_str, target: sw_str, path: sw_str, query: sw_str,
        headers: *const sw_pair, header_count: usize, body: sw_bytes, peer: sw_str,
    }
    sw_http_handler {
        size: u32, reserved: u32,
        match_: Option<unsafe extern "C" fn(User, User, *const sw_http_request) -> i32>,
        handle: unsafe extern "C" fn(User, User, *mut sw_http_exchange, *const sw_http_request),
    }
    sw_http_api {
        size: u32, reserved: u32,
        route: unsafe extern "C" fn(Host_, sw_str, sw_str, i32, *const sw_http_handler, *mut sw_error) -> sw_status,
        respond: unsafe extern "C" fn(*mut sw_http_exchange, u32, *const sw_pair, usize, sw_bytes),
        alloc: unsafe extern "C" fn(*mut sw_http_exchange, usize) -> User,
        on_abort: unsafe extern "C" fn(*mut sw_http_exchange, Option<unsafe extern "C" fn(User)>, User),
    }
    sw_stream_config {
        size: u32, storage: u32, retention: u32, flags: u32, max_age_ms: u64, max_messages: u64, max_bytes: u64,
        max_per_key: u64, max_message_bytes: u32, dedup_window_ms: u32,
    }
    sw_consumer_config {
        size: u32, flags: u32, name: sw_str, filter: sw_str, ack_wait_ms: u32, max_attempts: u32, max_leased: u32,
        reserved: u32, dead_letter: sw_stream_id, start_seq: u64,
    }
    sw_stream_info {
        size: u32, reserved: u32, id: sw_stream_id, version: u64, created_ms: i64, updated_ms: i64, name: sw_str,
        blob: sw_bytes, config: *const sw_stream_config, consumers: *const *const sw_consumer_config,
        consumer_count: usize,
    }
    sw_stream_state {
        size: u32, reserved: u32, messages: u64, bytes: u64, first_seq: u64, last_seq: u64, available: u64,
        leased: u64, delayed: u64, oldest_ms: i64,
    }
    sw_message {
        size: u32, flags: u32, key: sw_str, dedup_id: sw_str, header_format: u32, delay_ms: u32, headers: sw_bytes,
        body: sw_bytes, expect_last_seq: u64,
    }
    sw_appended { size: u32, status: sw_status, flags: u32, reserved: u32, seq: u64, time_ms: i64, id: [u8; 16] }
    sw_delivery {
        size: u32, flags: u32, token: sw_token, id: [u8; 16], time_ms: i64, first_delivered_ms: i64, key: sw_str,
        dedup_id: sw_str, header_format: u32, reserved: u32, headers: sw_bytes, body: sw_bytes, source: sw_str,
        delivered_ms: i64,
    }
    sw_move { size: u32, flags: u32, target: sw_stream_id, max: u32, reserved: u32 }
    sw_fetch {
        size: u32, flags: u32, max: u32, wait_ms: u32, ack_wait_ms: u32, max_bytes: u32, attempt_id: sw_str,
    }
    sw_stream_api {
        size: u32, reserved: u32,
        create: unsafe extern "C" fn(Host_, Ns, sw_str, *const sw_stream_config, *const *const sw_consumer_config,
            usize, sw_bytes, sw_stream_done, User) -> sw_status,
        update: unsafe extern "C" fn(Host_, Ns, sw_stream_id, u64, *const sw_stream_config,
            *const *const sw_consumer_config, usize, sw_bytes, sw_stream_done, User) -> sw_status,
        remove: unsafe extern "C" fn(Host_, Ns, sw_stream_id, sw_done, User) -> sw_status,
        find: unsafe extern "C" fn(Host_, Ns, sw_str, *mut *const sw_stream_info) -> sw_status,
        get: unsafe extern "C" fn(Host_, Ns, sw_stream_id, *mut *const sw_stream_info) -> sw_status,
        list: unsafe extern "C" fn(Host_, Ns, sw_str, sw_str,
            unsafe extern "C" fn(User, *const sw_stream_info) -> i32, User),
        append: unsafe extern "C" fn(Host_, Ns, sw_stream_id, *const *const sw_message, usize, u32, sw_append_done,
            User) -> sw_status,
        fetch: unsafe extern "C" fn(Host_, Ns, sw_stream_id, sw_str, *const sw_fetch, *mut sw_fetch_id,
            sw_fetch_done, User) -> sw_status,
        cancel_fetch: unsafe extern "C" fn(Host_, sw_fetch_id),
        ack: unsafe extern "C" fn(Host_, Ns, sw_stream_id, sw_str, *const sw_token, usize, u32, sw_tokens_done,
            User) -> sw_status,
        extend: unsafe extern "C" fn(Host_, Ns, sw_stream_id, sw_str, *const sw_token, *const u32, usize, u32,
            sw_tokens_done, User) -> sw_status,
        read: unsafe extern "C" fn(Host_, Ns, sw_stream_id, u64, u32, sw_str, sw_fetch_done, User) -> sw_status,
        purge: unsafe extern "C" fn(Host_, Ns, sw_stream_id, sw_done, User) -> sw_status,
        state: unsafe extern "C" fn(Host_, Ns, sw_stream_id, sw_str, sw_state_done, User) -> sw_status,
        seal: unsafe extern "C" fn(Host_, sw_stream_id, sw_str, sw_token, *mut u8),
        open: unsafe extern "C" fn(Host_, sw_stream_id, sw_str, *const u8, *mut sw_token) -> sw_status,
        move_: Option<unsafe extern "C" fn(Host_, Ns, sw_stream_id, sw_str, *const sw_move, sw_move_done, User)
            -> sw_status>,
    }
    sw_kv_api {
        size: u32, reserved: u32,
        get: unsafe extern "C" fn(Host_, Ns, sw_str, *mut sw_bytes, *mut u64) -> sw_status,
        scan: unsafe extern "C" fn(Host_, Ns, sw_str, sw_str,
            unsafe extern "C" fn(User, sw_str, sw_bytes, u64) -> i32, User),
        put: unsafe extern "C" fn(Host_, Ns, sw_str, sw_bytes, u64, sw_kv_done, User) -> sw_status,
        erase: unsafe extern "C" fn(Host_, Ns, sw_str, u64, sw_kv_done, User) -> sw_status,
    }
    sw_metrics_api {
        size: u32, reserved: u32,
        counter: unsafe extern "C" fn(Host_, sw_str, sw_str, *const sw_pair, usize) -> *mut sw_counter,
        add: unsafe extern "C" fn(*mut sw_counter, u64),
    }
    sw_conn_events {
        size: u32, reserved: u32,
        open: unsafe extern "C" fn(User, User, *mut sw_conn, sw_str) -> User,
        data: unsafe extern "C" fn(User, sw_bytes, *mut usize) -> usize,
        writable: Option<unsafe extern "C" fn(User)>,
        closed: unsafe extern "C" fn(User, sw_status),
    }
    sw_listener {
        size: u32, max_connections: u32, name: sw_str, address: sw_str, max_read_bytes: u64, busy_bytes: u64,
        max_write_bytes: u64,
    }
    sw_listen_api {
        size: u32, reserved: u32,
        listen: unsafe extern "C" fn(Host_, *const sw_listener, *const sw_conn_events, User, *mut sw_str, *mut sw_error)
            -> sw_status,
        write: unsafe extern "C" fn(*mut sw_conn, *const sw_bytes, usize) -> sw_status,
        queued: unsafe extern "C" fn(*mut sw_conn) -> u64,
        pause: unsafe extern "C" fn(*mut sw_conn, u32),
        close: unsafe extern "C" fn(*mut sw_conn, u32),
    }
    sw_bus_message {
        size: u32, reserved: u32, subject: sw_str, reply: sw_str, headers: sw_bytes, body: sw_bytes,
    }
    sw_bus_api {
        size: u32, reserved: u32,
        subscribe: unsafe extern "C" fn(Host_, Ns, sw_str, sw_str, u64,
            unsafe extern "C" fn(User, *const sw_bus_message) -> i32, User, *mut *mut sw_subscription) -> sw_status,
        unsubscribe: unsafe extern "C" fn(Host_, *mut sw_subscription),
        publisher: unsafe extern "C" fn(Host_, Ns, *mut *mut sw_publisher) -> sw_status,
        release: unsafe extern "C" fn(Host_, *mut sw_publisher),
        publish: unsafe extern "C" fn(Host_, *mut sw_publisher, *const sw_bus_message, u64, *mut u32) -> sw_status,
        settled: unsafe extern "C" fn(Host_, unsafe extern "C" fn(User), User),
        ready: unsafe extern "C" fn(Host_, unsafe extern "C" fn(User), User),
    }
}

// ---- the layer over them --------------------------------------------------------------------------------

pub fn text(s: &str) -> sw_str {
    sw_str { data: s.as_ptr(), len: s.len() }
}
pub fn bytes(b: &[u8]) -> sw_bytes {
    sw_bytes { data: b.as_ptr(), len: b.len() }
}
pub const NO_TEXT: sw_str = sw_str { data: ptr::null(), len: 0 };
pub const NO_BYTES: sw_bytes = sw_bytes { data: ptr::null(), len: 0 };

/// What the host lent, as a slice.
///
/// # Safety
/// The slice must not be used longer than plugin.h lends it.
pub unsafe fn view<'a>(data: *const u8, len: usize) -> &'a [u8] {
    if len == 0 { &[] } else { std::slice::from_raw_parts(data, len) }
}

/// A refusal: a status of plugin.h and a sentence for a person.
pub struct Failure(pub sw_status, pub String);

impl Failure {
    unsafe fn of(status: sw_status, error: Err) -> Failure {
        let why = if error.is_null() {
            "the server refused the call".to_string()
        } else {
            let message = &(*error).message;
            let end = message.iter().position(|&c| c == 0).unwrap_or(message.len());
            String::from_utf8_lossy(view(message.as_ptr() as *const u8, end)).into_owned()
        };
        Failure(status, why)
    }
    /// What says the same to an HTTP client.
    pub fn http_status(&self) -> u32 {
        match self.0 {
            SW_INVALID => 400,
            SW_UNAUTHENTICATED => 401,
            SW_DENIED => 403,
            SW_NOT_FOUND => 404,
            SW_EXISTS | SW_CONFLICT => 409,
            SW_QUOTA => 429,
            SW_UNSUPPORTED => 501,
            SW_BUSY | SW_CANCELLED | SW_STOPPING => 503,
            SW_TIMEOUT => 504,
            _ => 500,
        }
    }
}

/// The host and its tables.  Valid until the process ends.
#[derive(Clone, Copy)]
pub struct Host {
    pub raw: Host_,
    pub auth: *const sw_auth_api,
    pub http: *const sw_http_api,
    pub streams: *const sw_stream_api,
}
// Tables never change; which calls may be made where is said in plugin.h.
unsafe impl Send for Host {}
unsafe impl Sync for Host {}

impl Host {
    /// # Safety
    /// `raw` is what create() was given.
    unsafe fn new(raw: Host_) -> Host {
        let host = Host { raw, auth: ptr::null(), http: ptr::null(), streams: ptr::null() };
        Host { auth: host.table(SW_EXT_AUTH), http: host.table(SW_EXT_HTTP), streams: host.table(SW_EXT_STREAM), ..host }
    }
    /// The table with this id, or null when the host has none and sw_info does not require it.
    ///
    /// # Safety
    /// `T` is the struct that belongs to the id.
    pub unsafe fn table<T>(&self, id: &'static [u8]) -> *const T {
        ((*self.raw).extension)(self.raw, id.as_ptr() as *const c_char) as *const T
    }
    /// [lane] The namespace of callers without a credential, when the operator named one.
    pub fn anonymous_namespace(&self) -> Option<Ns> {
        let mut principal = ptr::null();
        let status = unsafe { ((*self.auth).anonymous)(self.raw, &mut principal) };
        if status == SW_OK { Some(unsafe { (*principal).ns }) } else { None }
    }
    /// [control, in start()] Offers requests to P::handle.
    pub fn route<P: Plugin>(&self, method: &str, pattern: &str) -> Result<(), Failure> {
        // Kept until stop, that is as long as this code is in memory.
        let handler = Box::leak(Box::new(sw_http_handler {
            size: std::mem::size_of::<sw_http_handler>() as u32,
            reserved: 0,
            match_: None,
            handle: glue::handle::<P>,
        }));
        unsafe {
            let mut error: sw_error = std::mem::zeroed();
            error.size = std::mem::size_of::<sw_error>() as u32;
            match ((*self.http).route)(self.raw, text(method), text(pattern), 0, handler, &mut error) {
                SW_OK => Ok(()),
                status => Err(Failure::of(status, &error)),
            }
        }
    }
}

/// The duty to answer one request.  Dropped unanswered it answers 500.
pub struct Reply {
    host: Host,
    exchange: Cell<*mut sw_http_exchange>,
}

impl Reply {
    /// The first one answers; what follows does nothing.
    pub fn text(&self, status: u32, body: &[u8]) {
        let exchange = self.exchange.replace(ptr::null_mut());
        if exchange.is_null() {
            return;
        }
        let kind = sw_pair { name: text("Content-Type"), value: text("text/plain; charset=utf-8") };
        unsafe { ((*self.host.http).respond)(exchange, status, &kind, 1, bytes(body)) }
    }
    pub fn refuse(&self, why: &Failure) {
        self.text(why.http_status(), format!("{}\n", why.1).as_bytes());
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.text(500, b"the plugin gave no answer\n");
    }
}

/// A request, as long as its handler runs.
pub struct Request<'a>(pub &'a sw_http_request);

impl<'a> Request<'a> {
    pub fn method(&self) -> &'a [u8] {
        unsafe { view(self.0.method.data, self.0.method.len) }
    }
    pub fn path(&self) -> &'a [u8] {
        unsafe { view(self.0.path.data, self.0.path.len) }
    }
    pub fn body(&self) -> &'a [u8] {
        unsafe { view(self.0.body.data, self.0.body.len) }
    }
}

/// A work queue: a durable stream with one consumer.  Completions run exactly once: later, on this lane, or
/// before the call returns when the host refuses it.
#[derive(Clone, Copy)]
pub struct Queue {
    host: Host,
    ns: Ns,
    id: sw_stream_id,
    consumer: &'static str,
}

// A closure as the `user` of a call.  `Args` is what the C completion is given, in a tuple.
type Boxed<Args> = Box<dyn FnOnce(sw_status, Args)>;
fn start<Args>(f: Boxed<Args>, refused: Args, ask: impl FnOnce(User) -> sw_status) {
    let user = Box::into_raw(Box::new(f));
    let status = ask(user as User);
    if status != SW_OK {
        let f = unsafe { Box::from_raw(user) };
        f(status, refused);
    }
}
unsafe fn finish<Args>(user: User, status: sw_status, args: Args) {
    let f = Box::from_raw(user as *mut Boxed<Args>);
    let _ = catch_unwind(AssertUnwindSafe(move || f(status, args)));
}
type StreamArgs = (*const sw_stream_info, Err);
type AppendArgs = (*const *const sw_appended, usize, Err);
type FetchArgs = (*const *const sw_delivery, usize, Err);
type TokenArgs = (*const sw_status, usize, Err);
unsafe extern "C" fn stream_done(user: User, status: sw_status, info: *const sw_stream_info, error: Err) {
    finish::<StreamArgs>(user, status, (info, error));
}
unsafe extern "C" fn append_done(user: User, status: sw_status, each: *const *const sw_appended, n: usize, error: Err) {
    finish::<AppendArgs>(user, status, (each, n, error));
}
unsafe extern "C" fn fetch_done(user: User, status: sw_status, got: *const *const sw_delivery, n: usize, error: Err) {
    finish::<FetchArgs>(user, status, (got, n, error));
}
unsafe extern "C" fn tokens_done(user: User, status: sw_status, each: *const sw_status, n: usize, error: Err) {
    finish::<TokenArgs>(user, status, (each, n, error));
}

impl Queue {
    /// The work queue of this name, made when there is none; `ack_wait_ms` is its lease.
    pub fn open(host: Host, ns: Ns, name: &str, consumer: &'static str, ack_wait_ms: u32,
                then: impl FnOnce(Result<Queue, Failure>) + 'static) {
        let mut info = ptr::null();
        let streams = unsafe { &*host.streams };
        if unsafe { (streams.find)(host.raw, ns, text(name), &mut info) } == SW_OK {
            return then(Ok(Queue { host, ns, id: unsafe { (*info).id }, consumer }));
        }
        let mut config: sw_stream_config = unsafe { std::mem::zeroed() };
        config.size = std::mem::size_of::<sw_stream_config>() as u32;
        config.storage = SW_STORAGE_FILE;
        config.retention = SW_RETAIN_WORKQUEUE;
        let mut shared: sw_consumer_config = unsafe { std::mem::zeroed() };
        shared.size = std::mem::size_of::<sw_consumer_config>() as u32;
        shared.name = text(consumer);
        shared.ack_wait_ms = ack_wait_ms;
        let consumers: *const sw_consumer_config = &shared;
        let done = Box::new(move |status, (info, error): StreamArgs| unsafe {
            // Somebody else may have been faster.
            if !info.is_null() && (status == SW_OK || status == SW_EXISTS) {
                then(Ok(Queue { host, ns, id: (*info).id, consumer }))
            } else {
                then(Err(Failure::of(status, error)))
            }
        });
        start::<StreamArgs>(done, (ptr::null(), ptr::null()), |user| unsafe {
            (streams.create)(host.raw, ns, text(name), &config, &consumers, 1, NO_BYTES, stream_done, user)
        });
    }

    /// The sequence of the message, which is on disk.
    pub fn append(&self, body: &[u8], then: impl FnOnce(Result<u64, Failure>) + 'static) {
        let mut message: sw_message = unsafe { std::mem::zeroed() };
        message.size = std::mem::size_of::<sw_message>() as u32;
        message.body = bytes(body);
        let list: *const sw_message = &message;
        let done = Box::new(move |status, (each, n, error): AppendArgs| unsafe {
            let status = if status == SW_OK && n == 1 { (**each).status } else { status };
            then(if status == SW_OK { Ok((**each).seq) } else { Err(Failure::of(status, error)) })
        });
        start::<AppendArgs>(done, (ptr::null(), 0, ptr::null()), |user| unsafe {
            ((*self.host.streams).append)(self.host.raw, self.ns, self.id, &list, 1, 1, append_done, user)
        });
    }

    /// Leases one message, when there is one: its token and its body.
    pub fn take(&self, then: impl FnOnce(Result<Option<(sw_token, &[u8])>, Failure>) + 'static) {
        let mut fetch: sw_fetch = unsafe { std::mem::zeroed() };
        fetch.size = std::mem::size_of::<sw_fetch>() as u32;
        fetch.max = 1;
        fetch.ack_wait_ms = SW_DEFAULT_ACK_WAIT;
        let done = Box::new(move |status, (got, n, error): FetchArgs| unsafe {
            then(match (status, n) {
                (SW_OK, 0) => Ok(None),
                (SW_OK, _) => Ok(Some(((**got).token, view((**got).body.data, (**got).body.len)))),
                _ => Err(Failure::of(status, error)),
            })
        });
        start::<FetchArgs>(done, (ptr::null(), 0, ptr::null()), |user| unsafe {
            ((*self.host.streams).fetch)(self.host.raw, self.ns, self.id, text(self.consumer), &fetch, ptr::null_mut(),
                fetch_done, user)
        });
    }

    /// The message is done with.  SW_NOT_FOUND: it is gone; SW_CONFLICT: its lease has ended.
    pub fn ack(&self, token: sw_token, then: impl FnOnce(Result<(), Failure>) + 'static) {
        start::<TokenArgs>(one_token(then), (ptr::null(), 0, ptr::null()), |user| unsafe {
            ((*self.host.streams).ack)(self.host.raw, self.ns, self.id, text(self.consumer), &token, 1, SW_ACK_STRICT,
                tokens_done, user)
        });
    }

    /// The message becomes visible again after_ms from now: 0 gives it back, more keeps it longer.
    pub fn extend(&self, token: sw_token, after_ms: u32, then: impl FnOnce(Result<(), Failure>) + 'static) {
        start::<TokenArgs>(one_token(then), (ptr::null(), 0, ptr::null()), |user| unsafe {
            ((*self.host.streams).extend)(self.host.raw, self.ns, self.id, text(self.consumer), &token, &after_ms, 1,
                SW_ACK_STRICT, tokens_done, user)
        });
    }

    /// A token as text for clients.
    pub fn seal(&self, token: sw_token) -> String {
        let mut sealed = [0u8; SW_SEALED_BYTES];
        unsafe { ((*self.host.streams).seal)(self.host.raw, self.id, text(self.consumer), token, sealed.as_mut_ptr()) }
        sealed.iter().map(|byte| format!("{byte:02x}")).collect()
    }
    /// And back; None: not a token of this queue.
    pub fn unseal(&self, hex: &[u8]) -> Option<sw_token> {
        let hex = std::str::from_utf8(hex).ok().filter(|hex| hex.len() == 2 * SW_SEALED_BYTES && hex.is_ascii())?;
        let mut sealed = [0u8; SW_SEALED_BYTES];
        for (i, byte) in sealed.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).ok()?;
        }
        let mut token = sw_token { seq: 0, attempt: 0, reserved: 0 };
        let status = unsafe {
            ((*self.host.streams).open)(self.host.raw, self.id, text(self.consumer), sealed.as_ptr(), &mut token)
        };
        (status == SW_OK).then_some(token)
    }
}

fn one_token(then: impl FnOnce(Result<(), Failure>) + 'static) -> Boxed<TokenArgs> {
    Box::new(move |status, (each, n, error)| unsafe {
        let status = if status == SW_OK && n == 1 { *each } else { status };
        then(if status == SW_OK { Ok(()) } else { Err(Failure::of(status, error)) })
    })
}

// ---- the plugin -----------------------------------------------------------------------------------------

pub trait Plugin: Sized + Sync + 'static {
    fn create(host: Host) -> Result<Self, Failure>;
    /// `json` is this plugin's YAML section; with dry_run judge it and change nothing.
    fn configure(&self, json: &str, dry_run: bool) -> Result<(), Failure>;
    /// Register routes here.
    fn start(&self, host: Host) -> Result<(), Failure>;
    /// [lane] Answer with `reply`, now or later.
    fn handle(&self, request: Request, reply: Reply);
}

// Static data of a plugin never changes.
unsafe impl Sync for sw_info {}
unsafe impl Sync for sw_plugin {}
unsafe impl Sync for sw_entry {}

/// Ids for sw_info.requires_ and optional: NULL-terminated.
#[repr(transparent)]
pub struct Ids<const N: usize>(pub [*const c_char; N]);
unsafe impl<const N: usize> Sync for Ids<N> {}

pub mod glue {
    use super::*;

    struct Instance<P> {
        host: Host,
        plugin: P,
    }

    // Runs f; a refusal or a panic becomes a status and a message.
    unsafe fn guard(error: *mut sw_error, f: impl FnOnce() -> Result<(), Failure>) -> sw_status {
        let failure = match catch_unwind(AssertUnwindSafe(f)) {
            Ok(Ok(())) => return SW_OK,
            Ok(Err(failure)) => failure,
            Err(_) => Failure(SW_INTERNAL, "the plugin panicked".to_string()),
        };
        if !error.is_null() && (*error).size as usize >= std::mem::size_of::<sw_error>() {
            (*error).code = failure.0;
            let n = failure.1.len().min((*error).message.len() - 1);
            ptr::copy_nonoverlapping(failure.1.as_ptr(), (*error).message.as_mut_ptr() as *mut u8, n);
            (*error).message[n] = 0;
        }
        failure.0
    }
    unsafe fn of<'a, P>(instance: User) -> &'a Instance<P> {
        &*(instance as *const Instance<P>)
    }
    unsafe extern "C" fn create<P: Plugin>(raw: Host_, out: *mut User, error: *mut sw_error) -> sw_status {
        guard(error, || {
            let host = Host::new(raw);
            let plugin = P::create(host)?;
            *out = Box::into_raw(Box::new(Instance { host, plugin })) as User;
            Ok(())
        })
    }
    unsafe extern "C" fn configure<P: Plugin>(this: User, json: sw_str, dry: u32, error: *mut sw_error) -> sw_status {
        guard(error, || match std::str::from_utf8(view(json.data, json.len)) {
            Ok(json) => of::<P>(this).plugin.configure(json, dry != 0),
            Err(_) => Err(Failure(SW_INVALID, "the configuration is not UTF-8".to_string())),
        })
    }
    unsafe extern "C" fn start<P: Plugin>(this: User, error: *mut sw_error) -> sw_status {
        guard(error, || of::<P>(this).plugin.start(of::<P>(this).host))
    }
    unsafe extern "C" fn stop(_: User) {}
    unsafe extern "C" fn destroy<P: Plugin>(this: User) {
        let _ = catch_unwind(AssertUnwindSafe(|| drop(Box::from_raw(this as *mut Instance<P>))));
    }
    pub unsafe extern "C" fn handle<P: Plugin>(
        this: User, _: User, exchange: *mut sw_http_exchange, request: *const sw_http_request,
    ) {
        let reply = Reply { host: of::<P>(this).host, exchange: Cell::new(exchange) };
        let _ = catch_unwind(AssertUnwindSafe(move || of::<P>(this).plugin.handle(Request(&*request), reply)));
    }
    pub const fn table<P: Plugin>() -> sw_plugin {
        sw_plugin {
            size: std::mem::size_of::<sw_plugin>() as u32,
            reserved: 0,
            create: create::<P>,
            configure: configure::<P>,
            start: start::<P>,
            lane_start: None,
            lane_stop: None,
            lane_drain: None,
            stop,
            destroy: destroy::<P>,
            extension: None,
        }
    }
}

/// The one exported symbol.
#[macro_export]
macro_rules! switchyard_plugin {
    ($plugin:ty, id: $id:literal, name: $name:literal, version: $version:literal, vendor: $vendor:literal,
     license: $license:literal, summary: $summary:literal, config_keys: $keys:literal) => {
        #[no_mangle]
        pub extern "C" fn switchyard_plugin_v1() -> *const $crate::switchyard::sw_entry {
            use std::ffi::c_char;
            use $crate::switchyard::*;
            static NEEDS: Ids<4> = Ids([
                SW_EXT_AUTH.as_ptr() as *const c_char,
                SW_EXT_HTTP.as_ptr() as *const c_char,
                SW_EXT_STREAM.as_ptr() as *const c_char,
                std::ptr::null(),
            ]);
            static INFO: sw_info = sw_info {
                size: std::mem::size_of::<sw_info>() as u32,
                flags: 0,
                id: concat!($id, "\0").as_ptr() as *const c_char,
                name: concat!($name, "\0").as_ptr() as *const c_char,
                version: concat!($version, "\0").as_ptr() as *const c_char,
                vendor: concat!($vendor, "\0").as_ptr() as *const c_char,
                license: concat!($license, "\0").as_ptr() as *const c_char,
                summary: concat!($summary, "\0").as_ptr() as *const c_char,
                requires_: NEEDS.0.as_ptr(),
                optional: std::ptr::null(),
                config_keys: concat!($keys, "\0").as_ptr() as *const c_char,
            };
            static TABLE: sw_plugin = glue::table::<$plugin>();
            static ENTRY: sw_entry = sw_entry {
                size: std::mem::size_of::<sw_entry>() as u32,
                generation: SW_ABI_GENERATION,
                built_revision: SW_ABI_REVISION,
                min_revision: 1,
                info: &INFO,
                plugin: &TABLE,
            };
            &ENTRY
        }
    };
}
