#!/usr/bin/env node
// The command line for whoever starts it by this name; demesne.js does the same and starts sooner.
import "./demesne.js";
