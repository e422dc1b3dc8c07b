// A message by Go's net/http: whole, refused, and streamed; or, of each URL that is given, the status.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
)

type object = map[string]interface{}

func request(method, url, key, body string) (*http.Response, error) {
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("X-API-Key", key)
	request.Header.Set("Content-Type", "application/json")
	return http.DefaultClient.Do(request)
}

func post(path string, messages []object) *http.Response {
	body, _ := json.Marshal(object{"model": "apex-haiku-4-20250401", "messages": messages})
	response, err := request("POST", os.Getenv("AIEXPORT_BASE_URL")+path, os.Getenv("AIEXPORT_API_KEY"), string(body))
	if err != nil {
		panic(err)
	}
	return response
}

func main() {
	for _, url := range os.Args[1:] {
		if response, err := request("GET", url, "any", ""); err != nil {
			fmt.Println(url, err)
		} else {
			fmt.Println(url, response.StatusCode)
		}
	}
	if len(os.Args) > 1 {
		return
	}
	question := []object{{"role": "user", "content": "What is 2 + 2?"}}
	var message struct{ Content []struct{ Text string } }
	whole := post("/messages", question)
	json.NewDecoder(whole.Body).Decode(&message)
	var failure struct{ Error struct{ Param string } }
	refused := post("/messages", []object{})
	json.NewDecoder(refused.Body).Decode(&failure)
	streamed, text := post("/messages/stream", question), ""
	for lines := bufio.NewScanner(streamed.Body); lines.Scan(); {
		var event struct{ Delta struct{ Text string } }
		if json.Unmarshal([]byte(strings.TrimPrefix(lines.Text(), "data: ")), &event) == nil {
			text += event.Delta.Text
		}
	}
	json.NewEncoder(os.Stdout).Encode(object{
		"whole":    []interface{}{whole.StatusCode, message.Content[0].Text},
		"refused":  []interface{}{refused.StatusCode, failure.Error.Param},
		"streamed": []interface{}{streamed.StatusCode, text},
	})
}
