// The services that Demesne brings along, and how one of them, or the template, becomes a service of an estate.
export { type Entry, readCatalogue, readEntry } from "./read-catalogue.ts";
export { type NewService, newService } from "./new-service.ts";
