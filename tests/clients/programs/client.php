<?php // A message by PHP's curl: whole, refused, and streamed; or, of each URL that is given, the status.
function ask(string $url, string $key, ?array $body = null): array {
    $curl = curl_init($url);
    $headers = ["X-API-Key: $key", "Content-Type: application/json"];
    curl_setopt_array($curl, [CURLOPT_RETURNTRANSFER => true, CURLOPT_HTTPHEADER => $headers]);
    if ($body !== null) curl_setopt($curl, CURLOPT_POSTFIELDS, json_encode($body));
    $text = curl_exec($curl);
    return [curl_getinfo($curl, CURLINFO_RESPONSE_CODE), $text === false ? curl_error($curl) : $text];
}

function post(string $path, array $messages): array {
    $body = ["model" => "apex-haiku-4-20250401", "messages" => $messages];
    return ask(getenv("AIEXPORT_BASE_URL") . $path, getenv("AIEXPORT_API_KEY"), $body);
}

foreach (array_slice($argv, 1) as $url) {
    [$status, $text] = ask($url, "any");
    echo $url, " ", $status ?: $text, "\n";
}
if ($argc > 1) exit;
$question = [["role" => "user", "content" => "What is 2 + 2?"]];
[$status, $text] = post("/messages", $question);
$whole = [$status, json_decode($text)->content[0]->text];
[$status, $text] = post("/messages", []);
$refused = [$status, json_decode($text)->error->param];
[$status, $text] = post("/messages/stream", $question);
$said = "";
foreach (explode("\n", $text) as $line)
    if (str_starts_with($line, "data: ")) $said .= json_decode(substr($line, 6))->delta->text ?? "";
echo json_encode(["whole" => $whole, "refused" => $refused, "streamed" => [$status, $said]]), "\n";
