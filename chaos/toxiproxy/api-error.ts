/** An error that the API answers with: its status and the text that clients of Toxiproxy expect. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

export const notFoundProxy = (): ApiError => new ApiError(404, 'proxy not found');
export const notFoundToxic = (): ApiError => new ApiError(404, 'toxic not found');
export const badBody = (why: string): ApiError => new ApiError(400, `bad request body: ${why}`);
