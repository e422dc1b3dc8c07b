# A message by Ruby's Net::HTTP: whole, refused, and streamed; or, of each URL that is given, the status.
require "json"
require "net/http"

ARGV.each do |url|
  puts "#{url} #{Net::HTTP.get_response(URI(url), {"X-API-Key" => "any"}).code}"
rescue StandardError => error
  puts "#{url} #{error.message}"
end
exit unless ARGV.empty?

def post(path, messages)
  headers = {"X-API-Key" => ENV["AIEXPORT_API_KEY"], "Content-Type" => "application/json"}
  body = {model: "apex-haiku-4-20250401", messages: messages}.to_json
  answer = Net::HTTP.post(URI(ENV["AIEXPORT_BASE_URL"] + path), body, headers)
  [answer.code.to_i, answer.body]
end

question = [{role: "user", content: "What is 2 + 2?"}]
status, text = post("/messages", question)
whole = [status, JSON.parse(text)["content"][0]["text"]]
status, text = post("/messages", [])
refused = [status, JSON.parse(text)["error"]["param"]]
status, text = post("/messages/stream", question)
events = text.scan(/^data: (.*)$/).map { |(data)| JSON.parse(data) }
puts JSON.generate(whole: whole, refused: refused, streamed: [status, events.map { |each| each.dig("delta", "text") }.join])
