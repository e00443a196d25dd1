import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * A mail client's first steps, by an address without a name: TlsClient ADDRESS PORT. With
 * -Djdk.tls.trustNameService=true the JDK asks for the name of the address before it sends its ClientHello. Any
 * certificate is good, unless the JDK was given a trust store.
 */
public final class TlsClient {
    public static void main(String[] arguments) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        boolean strict = System.getProperty("javax.net.ssl.trustStore") != null;
        context.init(null, strict ? null : new TrustManager[] {new TrustEveryone()}, null);
        InetAddress address = InetAddress.getByName(arguments[0]);
        int port = Integer.parseInt(arguments[1]);
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(address, port)) {
            socket.startHandshake();
            BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream()));
            System.out.println(in.readLine());
            socket.getOutputStream().write("QUIT\r\n".getBytes("US-ASCII"));
            System.out.println(in.readLine());
        }
    }

    private static final class TrustEveryone implements X509TrustManager {
        @Override public void checkClientTrusted(X509Certificate[] chain, String type) {}
        @Override public void checkServerTrusted(X509Certificate[] chain, String type) {}
        @Override public X509Certificate[] getAcceptedIssuers() { return new X509Certificate[0]; }
    }
}
