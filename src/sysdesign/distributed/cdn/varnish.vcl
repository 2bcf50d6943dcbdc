vcl 4.1;
# An edge in Varnish. Its built-in rules stay in force; what is added: the windows of RFC 5861, purges, and Cache-Status.
import std;

backend origin {
    .host = "{host}";
    .port = "{port}";
    .connect_timeout = {connect}s;
    .first_byte_timeout = {response}s;
    .between_bytes_timeout = {response}s;
}

acl owner {
    "127.0.0.1";
}

sub vcl_recv {
    if (req.method == "PURGE") {
        if (client.ip !~ owner) {
            return (synth(405));
        }
        if (req.http.Cache-Tag) {
            if (!std.ban("obj.http.Cache-Tag ~ (^|,)\s*" + req.http.Cache-Tag + "\s*(,|$)")) {
                return (synth(400, std.ban_error()));
            }
            return (synth(200));
        }
        return (purge);
    }
    if (req.restarts == 0) {
        unset req.http.Stale;
    }
    {unset}
    # A response past its end is delivered only where `Stale` says so: first within stale-while-revalidate alone.
    if (req.http.Stale == "no") {
        set req.grace = 0s;
    } else {
        set req.grace = 10d;
    }
    if (req.method != "GET" && req.method != "HEAD" || req.http.Authorization) {
        return (pass);
    }
    # Cookies are the origin's business: it says what is private.
    return (hash);
}

sub vcl_hit {
    if (obj.ttl < 0s && req.http.Stale != "yes"
        && obj.ttl + std.duration(obj.http.Stale-While-Revalidate + "s", 0s) <= 0s) {
        set req.http.Stale = "no";
        return (restart);
    }
}

sub vcl_backend_fetch {
    unset bereq.http.Stale-While-Revalidate;
}

sub vcl_backend_response {
    if (beresp.status >= 500 && beresp.status != 501 && (bereq.is_bgfetch || bereq.http.Stale == "no")) {
        return (abandon);
    }
    set beresp.grace = {stale}s;
    set beresp.http.Stale-While-Revalidate = "0";
    if (beresp.http.Cache-Control ~ "must-revalidate|proxy-revalidate") {
        set beresp.grace = 0s;
    } else {
        if (beresp.http.Cache-Control ~ "stale-while-revalidate=\d+") {
            set beresp.http.Stale-While-Revalidate =
                regsub(beresp.http.Cache-Control, "^.*stale-while-revalidate=(\d+).*$", "\1");
            set beresp.grace = std.duration(beresp.http.Stale-While-Revalidate + "s", 0s);
        }
        if (beresp.http.Cache-Control ~ "stale-if-error=\d+") {
            set beresp.grace = std.duration(
                regsub(beresp.http.Cache-Control, "^.*stale-if-error=(\d+).*$", "\1") + "s", 0s);
        }
    }
    set beresp.keep = 1h;
}

sub vcl_backend_error {
    set beresp.status = 502;
}

sub vcl_synth {
    if (resp.status == 503 && req.http.Stale == "no") {
        set req.http.Stale = "yes";
        return (restart);
    }
}

sub vcl_deliver {
    if (resp.status == 502 && req.http.Stale == "no") {
        set req.http.Stale = "yes";
        return (restart);
    }
    unset resp.http.Stale-While-Revalidate;
    if (obj.hits > 0) {
        set resp.http.Cache-Status = "varnish; hit";
    } else {
        set resp.http.Cache-Status = "varnish; fwd=miss";
    }
}
