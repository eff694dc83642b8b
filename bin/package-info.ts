/** Which version of the package this is, for the commands. */
export { type PackageInfo, packageInfo } from '../scenarios/library-api/package-info.ts';
