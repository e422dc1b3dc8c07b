// A message by OpenJDK's HttpClient: whole, refused, and streamed; or, of each URL that is given, the status.
import java.net.URI;
import java.net.http.*;
import java.util.*;
import java.util.regex.*;

class Client {
    static final HttpClient CLIENT = HttpClient.newHttpClient(); // offers an upgrade to HTTP/2 where it is not encrypted
    static final Map<String, String> ENV = System.getenv();

    static HttpRequest.Builder request(String url, String key) {
        return HttpRequest.newBuilder(URI.create(url)).header("X-API-Key", key);
    }

    static HttpResponse<String> post(String path, String body) throws Exception {
        HttpRequest.Builder request = request(ENV.get("AIEXPORT_BASE_URL") + path, ENV.get("AIEXPORT_API_KEY"));
        request.header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body));
        return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    static String first(String pattern, String text) {
        Matcher found = Pattern.compile(pattern).matcher(text);
        return found.find() ? found.group(1) : "";
    }

    public static void main(String[] urls) throws Exception {
        for (String url : urls)
            try {
                HttpRequest get = request(url, "any").build();
                System.out.println(url + " " + CLIENT.send(get, HttpResponse.BodyHandlers.discarding()).statusCode());
            } catch (Exception error) {
                System.out.println(url + " " + error);
            }
        if (urls.length > 0) return;
        String message = "{\"model\": \"apex-haiku-4-20250401\", \"messages\": [%s]}";
        String question = "{\"role\": \"user\", \"content\": \"What is 2 + 2?\"}";
        HttpResponse<String> whole = post("/messages", message.formatted(question));
        HttpResponse<String> refused = post("/messages", message.formatted(""));
        HttpResponse<String> streamed = post("/messages/stream", message.formatted(question));
        List<String> parts = new ArrayList<>();
        Pattern.compile("\"text_delta\",\"text\":\"(.*?)\"").matcher(streamed.body()).results().forEach(each -> parts.add(each.group(1)));
        System.out.printf("{\"whole\": [%d, \"%s\"], \"refused\": [%d, \"%s\"], \"streamed\": [%d, \"%s\"]}%n",
            whole.statusCode(), first("\"text\":\"(.*?)\"", whole.body()),
            refused.statusCode(), first("\"param\":\"(.*?)\"", refused.body()),
            streamed.statusCode(), String.join("", parts));
    }
}
