# Presidio's own engine, request reader and results behind HTTP as its service has them. Its language model is left out: a rule
# that knows one person and one town stands in for it, so that what is tested is the form and not how well names are found.
import json
import logging
import tempfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import spacy
from presidio_analyzer import AnalyzerEngine, AnalyzerRequest
from presidio_analyzer.nlp_engine import NlpEngineProvider

logging.disable(logging.CRITICAL)


def engine():
    model = spacy.blank("en")
    model.add_pipe("entity_ruler").add_patterns(
        [{"label": "PERSON", "pattern": "Jane Doe"}, {"label": "GPE", "pattern": "Leeds"}]
    )
    with tempfile.TemporaryDirectory() as folder:
        model.to_disk(folder)
        models = [{"lang_code": "en", "model_name": folder}]
        provider = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models})
        return AnalyzerEngine(nlp_engine=provider.create_engine(), supported_languages=["en"])


ENGINE = engine()


class Analyze(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = AnalyzerRequest(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        try:
            found = ENGINE.analyze(
                text=asked.text,
                language=asked.language,
                score_threshold=asked.score_threshold,
                entities=asked.entities,
            )
            status, answer = 200, [self.without_metadata(one.to_dict()) for one in found]
        except ValueError as error:
            status, answer = 500, {"error": str(error)}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def without_metadata(self, one):
        return {key: value for key, value in one.items() if key != "recognition_metadata"}

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Analyze)
print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
server.serve_forever()
