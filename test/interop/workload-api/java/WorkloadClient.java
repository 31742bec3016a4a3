// Uses the Workload API at SPIFFE_ENDPOINT_SOCKET like an application with java-spiffe, and prints each event as one
// JSON line. Standard input asks for more: "x509" makes every X.509 call once, "jwt" every call of the JWT profile;
// {"done": ...} follows.

import io.spiffe.bundle.x509bundle.X509Bundle;
import io.spiffe.bundle.x509bundle.X509BundleSet;
import io.spiffe.provider.SpiffeSslContextFactory;
import io.spiffe.provider.SpiffeSslContextFactory.SslContextOptions;
import io.spiffe.spiffeid.SpiffeId;
import io.spiffe.svid.x509svid.X509Svid;
import io.spiffe.workloadapi.CachedJwtSource;
import io.spiffe.workloadapi.DefaultJwtSource;
import io.spiffe.workloadapi.DefaultWorkloadApiClient;
import io.spiffe.workloadapi.DefaultX509Source;
import io.spiffe.workloadapi.JwtSource;
import io.spiffe.workloadapi.Watcher;
import io.spiffe.workloadapi.WorkloadApiClient;
import io.spiffe.workloadapi.X509Context;
import io.spiffe.workloadapi.X509Source;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

class WorkloadClient {
  private final SpiffeId id;
  private final WorkloadApiClient client = DefaultWorkloadApiClient.newClient();
  private final X509Source source = DefaultX509Source.newSource();
  private final Peers peers;

  WorkloadClient(SpiffeId id) throws Exception {
    this.id = id;
    this.peers = new Peers(source, id);
  }

  public static void main(String[] args) throws Exception {
    WorkloadClient running = new WorkloadClient(SpiffeId.parse(args[0]));
    running.watch();
    running.peers.start();
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      if (line.equals("x509")) running.callX509();
      if (line.equals("jwt")) running.callJwt();
      new Line().text("done", line).print();
    }
    System.exit(0);
  }

  private void watch() {
    client.watchX509Context(new Printer<>("watchX509Context", (update, line) -> line
        .svid(update.getDefaultSvid()).roots(update.getX509BundleSet())));
    client.watchX509Bundles(new Printer<>("watchX509Bundles", (update, line) -> line.roots(update)));
  }

  private void callX509() {
    call("DefaultX509Source", line -> line
        .svid(source.getX509Svid()).roots(source.getBundleForTrustDomain(id.getTrustDomain())));
    call("fetchX509Context", line -> {
      X509Context context = client.fetchX509Context();
      line.svid(context.getDefaultSvid()).roots(context.getX509BundleSet());
    });
    call("fetchX509Bundles", line -> line.roots(client.fetchX509Bundles()));
    call("fresh handshakes", peers::report);
  }

  private void callJwt() {
    call("CachedJwtSource", line -> {
      try (JwtSource jwt = CachedJwtSource.newSource()) {
        line.number("keys", jwt.getBundleForTrustDomain(id.getTrustDomain()).getJwtAuthorities().size());
      }
    });
    call("DefaultJwtSource", line -> {
      try (JwtSource jwt = DefaultJwtSource.newSource()) {
        line.number("keys", jwt.getBundleForTrustDomain(id.getTrustDomain()).getJwtAuthorities().size());
      }
    });
    call("fetchJwtBundles", line -> line.number("keys",
        client.fetchJwtBundles().getBundleForTrustDomain(id.getTrustDomain()).getJwtAuthorities().size()));
    call("CachedJwtSource.fetchJwtSvid", line -> {
      try (JwtSource jwt = CachedJwtSource.newSource()) {
        jwt.fetchJwtSvid("example");
      }
    });
    call("fetchJwtSvid", line -> client.fetchJwtSvid("example"));
    call("fetchJwtSvids", line -> client.fetchJwtSvids("example"));
    call("validateJwtSvid", line -> client.validateJwtSvid("a.b.c", "example"));
  }

  private interface Fill {
    void into(Line line) throws Exception;
  }

  private static void call(String name, Fill fill) {
    Line line = new Line().text("call", name);
    try {
      fill.into(line);
    } catch (Exception error) {
      line = new Line().text("call", name).text("error", Line.reasonsOf(error));
    }
    line.print();
  }
}

/** Prints the updates of a watch. */
class Printer<T> implements Watcher<T> {
  interface Fill<T> {
    void from(T update, Line line) throws Exception;
  }

  private final String name;
  private final Fill<T> fill;

  Printer(String name, Fill<T> fill) {
    this.name = name;
    this.fill = fill;
  }

  @Override
  public void onUpdate(T update) {
    Line line = new Line().text("update", name);
    try {
      fill.from(update, line);
    } catch (Exception error) {
      line.text("error", Line.reasonsOf(error));
    }
    line.print();
  }

  @Override
  public void onError(Throwable error) {
    new Line().text("update", name).text("error", Line.reasonsOf(error)).print();
  }
}

/** A server and a client that hold one source for their whole life, and make a new connection again and again. */
class Peers {
  private final SSLServerSocket server;
  private final SSLContext context;
  private long count;
  private long failures;
  private String first = "";

  Peers(X509Source source, SpiffeId id) throws Exception {
    SslContextOptions options = SslContextOptions.builder()
        .x509Source(source).acceptedSpiffeIdsSupplier(() -> Set.of(id)).build();
    context = SpiffeSslContextFactory.getSslContext(options);
    server = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0);
    server.setNeedClientAuth(true);
  }

  void start() {
    inBackground(this::serve);
    inBackground(this::connectForever);
  }

  synchronized void report(Line line) throws InterruptedException {
    while (count == 0) wait();
    line.number("count", count).number("failures", failures).text("first", first);
  }

  private void serve() {
    while (true) {
      try (SSLSocket accepted = (SSLSocket) server.accept()) {
        accepted.setSoTimeout(60_000);
        accepted.getOutputStream().write('.');
      } catch (Exception error) {
        // The client counts it: it reads nothing.
      }
    }
  }

  private void connectForever() {
    while (true) {
      String failure = connect();
      synchronized (this) {
        count += 1;
        notifyAll();
        if (failure != null) {
          failures += 1;
          if (first.isEmpty()) first = failure;
        }
      }
      try {
        Thread.sleep(250);
      } catch (InterruptedException error) {
        return;
      }
    }
  }

  private String connect() {
    try (SSLSocket socket = (SSLSocket) newContextSocket()) {
      socket.setSoTimeout(60_000);
      return socket.getInputStream().read() == '.' ? null : "the server said nothing";
    } catch (Exception error) {
      return Line.reasonsOf(error);
    }
  }

  private java.net.Socket newContextSocket() throws Exception {
    return context.getSocketFactory().createSocket("127.0.0.1", server.getLocalPort());
  }

  private static void inBackground(Runnable work) {
    Thread thread = new Thread(work);
    thread.setDaemon(true);
    thread.start();
  }
}

/** One line of JSON. */
class Line {
  private final List<String> fields = new ArrayList<>();

  Line text(String name, String value) {
    fields.add(quoted(name) + ":" + quoted(value));
    return this;
  }

  Line number(String name, long value) {
    fields.add(quoted(name) + ":" + value);
    return this;
  }

  Line svid(X509Svid svid) throws Exception {
    return text("spiffeId", svid.getSpiffeId().toString()).certificates("chain", svid.getChain());
  }

  Line roots(X509Bundle bundle) throws Exception {
    return certificates("roots", bundle.getX509Authorities());
  }

  Line roots(X509BundleSet set) throws Exception {
    List<X509Certificate> roots = new ArrayList<>();
    for (X509Bundle bundle : set.getBundles().values()) roots.addAll(bundle.getX509Authorities());
    return certificates("roots", roots);
  }

  private Line certificates(String name, Collection<X509Certificate> certificates) throws Exception {
    List<String> encoded = new ArrayList<>();
    for (X509Certificate one : certificates) {
      encoded.add(quoted(Base64.getEncoder().encodeToString(one.getEncoded())));
    }
    fields.add(quoted(name) + ":[" + String.join(",", encoded) + "]");
    return this;
  }

  void print() {
    synchronized (Line.class) {
      System.out.println("{" + String.join(",", fields) + "}");
      System.out.flush();
    }
  }

  static String reasonsOf(Throwable error) {
    List<String> reasons = new ArrayList<>();
    for (Throwable one = error; one != null; one = one.getCause()) reasons.add(one.toString());
    return String.join(": ", reasons);
  }

  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (char one : text.toCharArray()) {
      if (one == '"' || one == '\\' || one < ' ') quoted.append(String.format("\\u%04x", (int) one));
      else quoted.append(one);
    }
    return quoted.append('"').toString();
  }
}
