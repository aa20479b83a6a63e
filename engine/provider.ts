import type { ServiceError } from "@grpc/grpc-js";
import type { DiffResponse } from "@pulumi/pulumi/proto/provider_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { initFailure, isConnectionLoss } from "./grpc-error.ts";
import type { PluginProcess } from "./plugin.ts";
import { type CheckFailure, type Diff, detailOf, type Made, ProviderError } from "./provider-answer.ts";
import { fromStruct, toStruct } from "./struct.ts";
import { nameOf, typeOf } from "./urn.ts";
import type { Properties } from "./values.ts";

/** One package's resources, over its plugin. */
export class Provider {
  readonly #plugin: PluginProcess;

  constructor(plugin: PluginProcess) {
    this.#plugin = plugin;
  }

  async configure(packageName: string, urn: string, config: Properties): Promise<void> {
    const request = new pb.ConfigureRequest();
    request.setUrn(urn);
    request.setName(nameOf(urn));
    request.setType(typeOf(urn));
    request.setAcceptsecrets(true);
    request.setAcceptresources(true);
    request.setSendsOldInputs(true);
    request.setSendsOldInputsToDelete(true);
    request.setArgs(toStruct(config));
    const response = await this.#call<InstanceType<typeof pb.ConfigureResponse>>("configure", request);
    // Stripping secrets for a plugin that cannot take them would leave its outputs in the state in clear.
    if (!response.getAcceptsecrets() || !response.getAcceptresources()) {
      throw new ProviderError(
        `the plugin "${packageName}" does not take secrets and resource references as such`,
        false,
      );
    }
  }

  async check(
    urn: string,
    before: Properties,
    wanted: Properties,
    seed: Uint8Array,
  ): Promise<{ inputs: Properties; failures: CheckFailure[] }> {
    const request = addressed(new pb.CheckRequest(), urn);
    request.setOlds(toStruct(before));
    request.setNews(toStruct(wanted));
    request.setRandomseed(seed);
    const response = await this.#call<InstanceType<typeof pb.CheckResponse>>("check", request);
    const failures = response
      .getFailuresList()
      .map((one) => ({ property: one.getProperty(), reason: one.getReason() }));
    return { inputs: fromStruct(response.getInputs()), failures };
  }

  async diff(
    id: string,
    urn: string,
    before: { inputs: Properties; outputs: Properties },
    wanted: Properties,
    ignored: readonly string[],
  ): Promise<Diff> {
    const request = addressed(new pb.DiffRequest(), urn);
    request.setId(id);
    request.setOlds(toStruct(before.outputs));
    request.setOldInputs(toStruct(before.inputs));
    request.setNews(toStruct(wanted));
    request.setIgnorechangesList([...ignored]);
    const response = await this.#call<DiffResponse>("diff", request);
    return {
      changes: ([undefined, false, true] as const)[response.getChanges()],
      replaceKeys: response.getReplacesList(),
      changedKeys: response.getDiffsList(),
      deleteBeforeReplace: response.getDeletebeforereplace(),
      ...detailOf(response),
    };
  }

  create(urn: string, inputs: Properties, timeoutSeconds = 0): Promise<Made> {
    const request = addressed(new pb.CreateRequest(), urn);
    request.setProperties(toStruct(inputs));
    request.setTimeout(timeoutSeconds);
    return this.#making<InstanceType<typeof pb.CreateResponse>>("create", request, (response) => {
      if (response.getId() === "") throw new ProviderError("the plugin gave no id for what it created", false);
      return { id: response.getId(), outputs: fromStruct(response.getProperties()) };
    });
  }

  update(
    id: string,
    urn: string,
    before: { inputs: Properties; outputs: Properties },
    inputs: Properties,
    options: { timeoutSeconds?: number; ignored?: readonly string[] } = {},
  ): Promise<Made> {
    const request = addressed(new pb.UpdateRequest(), urn);
    request.setId(id);
    request.setOlds(toStruct(before.outputs));
    request.setOldInputs(toStruct(before.inputs));
    request.setNews(toStruct(inputs));
    request.setTimeout(options.timeoutSeconds ?? 0);
    request.setIgnorechangesList([...(options.ignored ?? [])]);
    return this.#making<InstanceType<typeof pb.UpdateResponse>>("update", request, (response) => ({
      id,
      outputs: fromStruct(response.getProperties()),
    }));
  }

  /** Looks at the real thing; undefined when it is gone. `inputs` are there when the plugin observes them too. */
  async read(
    id: string,
    urn: string,
    before: { inputs: Properties; outputs: Properties },
    timeoutSeconds = 0,
  ): Promise<(Made & { inputs?: Properties }) | undefined> {
    const request = addressed(new pb.ReadRequest(), urn);
    request.setId(id);
    request.setProperties(toStruct(before.outputs));
    request.setInputs(toStruct(before.inputs));
    request.setTimeout(timeoutSeconds);
    const found = await this.#making<InstanceType<typeof pb.ReadResponse>, Made & { inputs?: Properties }>(
      "read",
      request,
      (response) => ({
        id: response.getId(),
        outputs: fromStruct(response.getProperties()),
        ...(response.hasInputs() ? { inputs: fromStruct(response.getInputs()) } : {}),
      }),
    );
    return found.id === "" ? undefined : found;
  }

  async delete(
    id: string,
    urn: string,
    before: { inputs: Properties; outputs: Properties },
    timeoutSeconds = 0,
  ): Promise<void> {
    const request = addressed(new pb.DeleteRequest(), urn);
    request.setId(id);
    request.setProperties(toStruct(before.outputs));
    request.setOldInputs(toStruct(before.inputs));
    request.setTimeout(timeoutSeconds);
    await this.#call("delete", request);
  }

  /** Asks the plugin to stop what it is doing as soon as it safely can. */
  async cancel(): Promise<void> {
    await this.#call("cancel", new emptyPb.Empty());
  }

  async #making<Response, Result extends Made = Made>(
    method: Method,
    request: unknown,
    read: (response: Response) => Result,
  ): Promise<Result> {
    try {
      return read(await this.#raw<Response>(method, request));
    } catch (error) {
      const failure = initFailure(error);
      if (failure)
        return {
          id: failure.id,
          outputs: failure.outputs,
          failure,
          ...(failure.inputs ? { inputs: failure.inputs } : {}),
        } as unknown as Result;
      throw this.#plain(error);
    }
  }

  async #call<Response>(method: Method, request: unknown): Promise<Response> {
    return this.#raw<Response>(method, request).catch((error) => {
      throw this.#plain(error);
    });
  }

  #plain(error: unknown): ProviderError {
    if (error instanceof ProviderError) return error;
    const { details, message } = error as ServiceError;
    const { name, ended } = this.#plugin;
    const words = ended
      ? `the plugin "${name}" ended in the middle (${ended}): ${details || message}`
      : details || message;
    return new ProviderError(words, isConnectionLoss(error));
  }

  #raw<Response>(method: Method, request: unknown): Promise<Response> {
    return new Promise((resolve, reject) => {
      const call = this.#plugin.client[method] as unknown as (
        request: unknown,
        done: (error: ServiceError | null, response: Response) => void,
      ) => void;
      call.call(this.#plugin.client, request, (error, response) => (error ? reject(error) : resolve(response)));
    });
  }
}

type Method = "configure" | "check" | "diff" | "create" | "read" | "update" | "delete" | "cancel";

function addressed<
  R extends { setUrn(urn: string): unknown; setName(name: string): unknown; setType(type: string): unknown },
>(request: R, urn: string): R {
  request.setUrn(urn);
  request.setName(nameOf(urn));
  request.setType(typeOf(urn));
  return request;
}
