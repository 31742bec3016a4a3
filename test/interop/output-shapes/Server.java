// Serves TLS 1.3 on 127.0.0.1 with the key store args[0] and the trust store args[1], both with the password args[2].
// Prints its port. Requires a client certificate, and answers each line of a client with its certificate's SPIFFE ID.

import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

class Server {
  public static void main(String[] args) throws Exception {
    char[] password = args[2].toCharArray();
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(load(args[0], password), password);
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(load(args[1], password));
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    InetAddress here = InetAddress.getByName("127.0.0.1");
    SSLServerSocket server = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 10, here);
    server.setNeedClientAuth(true);
    System.out.println("port " + server.getLocalPort());
    while (true) {
      try (SSLSocket socket = (SSLSocket) server.accept()) {
        BufferedReader reader = new BufferedReader(new InputStreamReader(socket.getInputStream()));
        reader.readLine();
        X509Certificate peer = (X509Certificate) socket.getSession().getPeerCertificates()[0];
        String name = peer.getSubjectAlternativeNames().iterator().next().get(1).toString();
        socket.getOutputStream().write(("hello " + name + "\n").getBytes());
      } catch (Exception error) {
        System.out.println("refused " + error);
      }
    }
  }

  private static KeyStore load(String path, char[] password) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (FileInputStream file = new FileInputStream(path)) {
      store.load(file, password);
    }
    return store;
  }
}
